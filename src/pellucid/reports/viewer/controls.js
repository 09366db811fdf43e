/** The few controls of a viewer, as native elements that keyboard and screen reader know. Text is always text. */

let serial = 0;

/** Returns an element with attributes, properties that start with `on` as listeners, and children. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** Returns a group of radio buttons, or a list to choose from where there are many; `options` are [value, words]. */
export function choice(label, options, value, onChange) {
  serial += 1;
  const name = `choice-${serial}`;
  if (options.length > 4) {
    const list = element("select", { id: name, onchange: (event) => onChange(event.target.value) });
    for (const [key, words] of options) list.append(element("option", { value: key, selected: key === value }, words));
    return element("div", { class: "v-choice" }, element("label", { for: name }, label), list);
  }
  const group = element("fieldset", { class: "v-choice" }, element("legend", {}, label));
  const buttons = element("div", { class: "v-segments" });
  for (const [key, words] of options) {
    const input = element("input", { type: "radio", name, value: key, onchange: () => onChange(key) });
    input.checked = key === value;
    buttons.append(element("label", {}, input, element("span", {}, words)));
  }
  group.append(buttons);
  return group;
}

/** Returns a check box. */
export function toggle(label, checked, onChange) {
  const input = element("input", { type: "checkbox", onchange: (event) => onChange(event.target.checked) });
  input.checked = checked;
  return element("label", { class: "v-toggle" }, input, element("span", {}, label));
}

/** Returns a small button whose sign is explained by its label. */
export function button(sign, label, onClick) {
  return element("button", { type: "button", class: "v-button", "aria-label": label, title: label, onclick: onClick }, sign);
}

/** Returns a number as short as its size allows, with its sign. */
export function signed(value, digits = 2) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size < 1e-4 || size >= 1e5 ? size.toExponential(digits - 1) : String(Number(size.toPrecision(digits)));
  return (value < 0 ? "−" : "+") + text;
}
