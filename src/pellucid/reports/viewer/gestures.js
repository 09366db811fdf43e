/** Mouse, touch, wheel and keyboard of the ECG viewer. */

export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** Lets a viewer hear its canvas, its overview and the printer. */
export function listen(viewer) {
  drag(viewer);
  viewer.canvas.addEventListener("wheel", (event) => turn(viewer, event), { passive: false });
  viewer.canvas.addEventListener("dblclick", (event) => viewer.zoom(0.5, viewer.timeAt(event.offsetX)));
  viewer.canvas.addEventListener("keydown", (event) => press(viewer, event));
  jump(viewer);
  addEventListener("beforeprint", () => viewer.recolour());
  addEventListener("afterprint", () => viewer.recolour());
}

/** One finger or the mouse moves in time, two fingers zoom; up and down is left to the page. */
function drag(viewer) {
  const { canvas } = viewer;
  const pointers = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event.offsetX);
    viewer.point(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) {
      if (event.pointerType === "mouse") viewer.point(event);
      return;
    }
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
    pointers.set(event.pointerId, event.offsetX);
    if (others.length) viewer.pinch(others[0], before, event.offsetX);
    else viewer.shift((before - event.offsetX) / viewer.view().perSecond);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));
  }
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !pointers.size) viewer.read(null);
  });
}

/** With Ctrl the wheel zooms, with Shift or sideways it moves; else the page scrolls as ever. */
function turn(viewer, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    event.preventDefault();
    viewer.zoom(Math.exp(clamp(event.deltaY, -100, 100) / 300), viewer.timeAt(event.offsetX));
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    viewer.shift((event.deltaX || event.deltaY) / viewer.view().perSecond);
  }
}

function press(viewer, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = Math.max(1, Math.round(viewer.data.rate / 100));
  const actions = {
    ArrowLeft: () => viewer.pan(-0.1),
    ArrowRight: () => viewer.pan(0.1),
    "+": () => viewer.zoom(1 / 1.6),
    "=": () => viewer.zoom(1 / 1.6),
    "-": () => viewer.zoom(1.6),
    0: () => viewer.all(),
    Home: () => viewer.shift(-viewer.seconds),
    End: () => viewer.shift(viewer.seconds),
    ArrowUp: () => viewer.move(-1, 0),
    ArrowDown: () => viewer.move(1, 0),
    ",": () => viewer.move(0, -step),
    ".": () => viewer.move(0, step),
    Escape: () => viewer.read(null),
  };
  if (!(event.key in actions)) return;
  event.preventDefault();
  actions[event.key]();
}

/** The overview moves the window to where it is touched. */
function jump(viewer) {
  const go = (event) => {
    if (!event.buttons) return;
    const time = viewer.begin + ((event.offsetX - viewer.left) / viewer.plot) * viewer.seconds;
    const half = (viewer.end - viewer.start) / 2;
    viewer.show(time - half, time + half);
  };
  viewer.overview.addEventListener("pointerdown", (event) => {
    viewer.overview.setPointerCapture(event.pointerId);
    go(event);
  });
  viewer.overview.addEventListener("pointermove", go);
}
