"""What every method is: a frozen set of settings that answers which inputs made a logit."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from torch import Tensor, nn

from pellucid.attribution.attribution import Attribution, Kind
from pellucid.attribution.budget import DEFAULT, parsed
from pellucid.attribution.evaluate import evaluate
from pellucid.attribution.layers import address
from pellucid.attribution.question import Inputs, Question, checked_inputs, checked_module
from pellucid.attribution.run import Run
from pellucid.attribution.target import Target
from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.core.registry import Registry
from pellucid.core.settings import Settings, decode

__all__ = ["METHODS", "Attribution", "Method", "method"]

METHODS: Registry[type[Method]] = Registry("pellucid.attribution.methods", "method")


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(Settings, ABC):
    """Base of every attribution method.

    A method is called on a module and its inputs. Its author writes the settings as fields and `relevance`; targets,
    batches, memory, refusals and leaving the module as it was are done around it.

    Class attributes for authors
    ----------------------------
    recorded
        The method looks at values inside the module: `run.activation()` may be asked for.
    taped
        The method goes back over the record of all operations: the first pass writes it.
    perturbs
        The method asks about changed inputs, many in one batch: the module must not mix its rows.
    options
        Names of what it takes at the call beside the settings: tensors or callables.
    several_inputs
        Whether it can explain a module of several inputs.
    """

    recorded: ClassVar[bool] = False
    taped: ClassVar[bool] = False
    perturbs: ClassVar[bool] = False
    options: ClassVar[tuple[str, ...]] = ()
    several_inputs: ClassVar[bool] = True

    @property
    def looks_inside(self) -> bool:
        """Whether this method, or one inside it, looks at values inside the module."""
        return self.recorded

    @property
    def looks_back(self) -> bool:
        """Whether this method, or one inside it, goes back over the record of all operations."""
        return self.taped

    @abstractmethod
    def relevance(self, run: Run) -> Tensor:
        """Return the relevance of the run's inputs.

        Shape (batch, target, *input), where an axis of size 1 will be spread; for a layer's map (batch, target, 1,
        *space).
        """

    @property
    def name(self) -> str:
        """The method's name in the registry."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def kind(self) -> Kind:
        """Whether relevance has a sign: "signed" or "positive"."""
        return "signed"

    def reserve(self, gap: float) -> str | None:
        """Return the warning for a completeness gap, None where it is small enough."""
        if gap <= 0.01:
            return None
        return f"the relevance misses the score that it should add up to by {gap:.1%}"

    def __call__(
        self,
        module: nn.Module,
        inputs: Inputs,
        *,
        target: Target = None,
        layer: str | nn.Module | None = None,
        arguments: Sequence[Any] = (),
        output: str | int | None = None,
        memory: str | int = DEFAULT,
        **options: Any,
    ) -> Attribution:
        """Explain a logit of a module.

        Parameters
        ----------
        module
            Any torch module whose output are logits; left exactly as it is.
        inputs
            Floating-point tensor (batch, *input), or a tuple of them for a module of several inputs.
        target
            The logit: an index, a list or tensor with one per sample, or "all". None where the module has one.
        layer
            Dotted name or submodule, for methods that look at one; goes before the setting of that name.
        arguments
            Passed on to the module after the inputs, unexplained. A tensor with an entry for each sample is cut with
            the batch.
        output
            Where the module gives a tuple or dict: the field that holds the logits.
        memory
            What the work may take, `2GiB`; sets how much runs at once.
        options
            Tensors that this method takes beside its settings, such as `baseline=`.

        Raises
        ------
        InvalidInputError
            For NaN, integers, a wrong target or an unknown option.
        UnknownNameError
            For an unknown layer, with the nearest.
        NotApplicableError
            For a module in training mode, one that draws random numbers, and where the method makes no sense. Chance
            is found in torch, in the global generators of Python and numpy, and wherever a batch has several samples;
            one sample alone with a generator of the module's own, or the clock, is answered for the pass that was made.
        Interrupted
            At Ctrl-C after some of the samples: a `KeyboardInterrupt` whose `finished` holds the `Attribution` of
            these, as if they had been asked for alone. Long methods finish 1 to 4 samples at a time (4 where the
            module's passes are small), the others as many as memory allows, 16 at most. Where it was not caught, as
            in a notebook, it is `sys.last_value`.
        """
        tensors, several = checked_inputs(inputs)
        if not isinstance(arguments, tuple | list):
            raise InvalidInputError(
                f"arguments must be a tuple of what the module takes after the inputs; got {type(arguments).__name__}. "
                "One argument is arguments=(value,)."
            )
        module = checked_module(module)
        asked = self._at(module, layer)
        self._refuse_several(len(tensors))
        question = Question(
            module=module,
            inputs=tensors,
            arguments=tuple(arguments),
            output=output,
            layer=getattr(asked, "layer", None),
            options=self._options(options),
            memory=parsed(memory),
            recorded=asked.looks_inside,
        )
        return evaluate(asked, question, target, several=several)

    def _at(self, module: nn.Module, layer: str | nn.Module | None) -> Method:
        """Return the method with its layer as a dotted name, looked up in the module."""
        wanted = layer if layer is not None else getattr(self, "layer", None)
        if wanted is None:
            return self
        if not hasattr(self, "layer"):
            raise SettingError(f"method {self.name!r} looks at no layer; leave layer= out.")
        return replace(self, layer=address(module, wanted))  # type: ignore[call-arg]  # only methods with that field

    def _refuse_several(self, count: int) -> None:
        if count > 1 and not self.several_inputs:
            raise InvalidInputError(
                f"method {self.name!r} explains one input; got {count}. Pass the others with arguments=(...)."
            )

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        for name in options:
            if name not in self.options:
                known = ", ".join(self.options) if self.options else "none"
                raise SettingError(
                    f"method {self.name!r} takes no {name!r} at the call; it takes {known}. "
                    f"Settings go into the method: method({self.name!r}, {name}=...)."
                )
        return {name: value for name, value in options.items() if value is not None}


def method(name: str | Method, /, **settings: Any) -> Method:
    """Return a method with its settings.

    Parameters
    ----------
    name
        In the registry (`available("methods")`); a `Method` is returned as it is.
    settings
        Its fields.

    Raises
    ------
    UnknownNameError
        For an unknown method, with the nearest.
    SettingError
        For an unknown setting or a value out of range, with what is known.

    Examples
    --------
    >>> method("saliency", signed=True)
    Saliency(signed=True)
    """
    if isinstance(name, Method):
        if settings:
            raise SettingError(f"settings of {name!r} are in it already; got {', '.join(settings)} beside it.")
        return name
    if not isinstance(name, str):
        raise InvalidInputError(f"method must be a name or a Method; got {name!r}.")
    if not settings:
        return METHODS[name]()
    fields = METHODS[name].__dataclass_fields__
    for key, value in settings.items():
        if key in fields and isinstance(value, nn.Module | Tensor):
            raise SettingError(
                f"method {name!r}: {key} must be what JSON can hold; got {type(value).__name__}. Give it at the call."
            )
    plain = {key: value if key in fields else str(value) for key, value in settings.items()}
    try:
        return decode(METHODS[name], plain, where=f"method {name!r}")
    except TypeError as error:
        raise SettingError(f"settings of method {name!r} must be what JSON can hold: {error}.") from error
