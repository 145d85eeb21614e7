// What boxes and lines look like.

const FLAGS = {
  nan: { mark: "NaN", title: "NaN" },
  infinite: { mark: "∞", title: "Infinite" },
  exploding: { mark: "↑", title: "Exploding" },
  vanishing: { mark: "↓", title: "Vanishing" },
  zero: { mark: "0", title: "Zero" },
};
const STEPS_OF_STRENGTH = [-6, -4, -2, -0.5, 0.5, 2, 3, 4];

/** The class of a gradient's strength, a power of ten, or a word where it is no number. */
function strengthClass(strength) {
  if (typeof strength === "string") return `s-${strength}`;
  return `s${STEPS_OF_STRENGTH.filter((bound) => strength > bound).length}`;
}

/** How much a strength is worth being shown, where several edges run along one line. */
function weightOf(strength) {
  return { nan: 1e9, infinite: 1e8, zero: -1e9 }[strength] ?? strength;
}

/** A line through points that leaves and reaches boxes upright. */
function curve(points) {
  let path = `M${points[0]} ${points[1]}`;
  for (let at = 2; at < points.length; at += 2) {
    const [x0, y0, x1, y1] = points.slice(at - 2, at + 2);
    const middle = (y0 + y1) / 2;
    path += x0 === x1 ? `V${y1}` : `C${x0} ${middle} ${x1} ${middle} ${x1} ${y1}`;
  }
  return path;
}

function arrowHead() {
  return shape("defs", {}, shape("marker", {
    id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto",
  }, shape("path", { d: "M1 1 7 4 1 7z", class: "head" })));
}

// --- boxes ---

function labelOf(node, isStop) {
  const [, operation, value, gradient] = node.box;
  const flags = (node.flags ?? []).map((flag) => FLAGS[flag.kind].title);
  const parts = [node.name, operation, value, gradient.replace("grad ", "gradient "), ...new Set(flags)];
  return [...parts, isStop ? "breakpoint" : ""].filter(Boolean).join(", ");
}

function nodeBox(number, node) {
  const [name, operation, value, gradient] = node.box;
  const handle = shape("g", { class: "handle", role: "button", tabindex: "-1", "aria-label": labelOf(node, false) },
    shape("rect", { class: "outline", rx: node.kind === "operation" ? 8 : 16 }),
    shape("rect", { class: `strength ${node.strength === undefined ? "" : strengthClass(node.strength)}`, x: 10, y: 46.5, width: 4, height: 10, rx: 2 }),
    shape("circle", { class: "breakpoint", cx: 0, cy: 32, r: 6 }),
    shape("text", { class: "name", x: 10, y: 18 }, name, shape("tspan", { class: "operation", dx: 8 }, operation)),
    shape("text", { class: "value", x: 10, y: 36 }, value),
    shape("text", { class: "gradient", x: 20, y: 55 }, gradient),
    ...badges(node.flags ?? []));
  return shape("g", { class: `box node ${node.kind}`, "data-key": `n${number}` }, handle);
}

function badges(flags) {
  const kinds = [...new Set(flags.map((flag) => flag.kind))];
  return kinds.map((kind, place) => shape("g", { class: `badge ${kind}`, transform: `translate(${14 + 32 * place} 0)` },
    shape("rect", { x: -4, y: -8, width: 28, height: 15, rx: 7.5 }),
    shape("text", { x: 10, y: 3.5 }, FLAGS[kind].mark)));
}

function groupBox(number, group, flags) {
  const handle = shape("g", { class: "handle", role: "button", tabindex: "-1", "aria-expanded": "false" },
    shape("rect", { class: "under outline-under", rx: 10, x: 4, y: 4 }),
    shape("rect", { class: "outline", rx: 10 }),
    shape("text", { class: "sign", x: 12, y: 22 }, "+"),
    shape("text", { class: "name", x: 28, y: 21 }, group.title),
    shape("text", { class: "value", x: 12, y: 46 }, countOf(group)),
    ...badges(flags));
  handle.setAttribute("aria-label", `${group.title}, group, ${countOf(group)}`);
  return shape("g", { class: `box group ${group.kind}`, "data-key": `g${number}` }, handle);
}

const countOf = (group) => `${group.items.length} ${group.items.length === 1 ? "box" : "boxes"} inside`;

/** Give a box its size; a group's shows whether it is open. */
function resizeBox(box, width, height, isOpen) {
  const handle = box.firstChild;
  for (const outline of handle.querySelectorAll(".outline, .under")) {
    outline.setAttribute("width", outline.matches(".under") ? width - 8 : width);
    outline.setAttribute("height", height);
  }
  if (!box.classList.contains("group")) return;
  box.classList.toggle("open", isOpen);
  handle.setAttribute("aria-expanded", isOpen);
  handle.querySelector(".sign").textContent = isOpen ? "−" : "+";
}

/** A line: a wide one that the pointer finds, below the one that is seen. */
function makeLine(edges) {
  const visible = shape("path", { class: "line" });
  const wide = shape("path", { class: "reach" });
  const element = shape("g", { class: "edge", "data-edges": edges.join(" ") }, wide, visible);
  return { edges, visible, wide, element, points: null, state: "", hasArrow: false };
}

function moveLine(line, points) {
  line.points = points;
  const route = curve(points);
  line.visible.setAttribute("d", route);
  line.wide.setAttribute("d", route);
}
