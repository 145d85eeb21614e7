// The drawing of the graph: made once for each box and line, then only what changes is touched.

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

class Graph {
  constructor(model, player, scene, view) {
    Object.assign(this, { model, player, scene, view });
    this.boxes = new Map(); // by key, the element
    this.lines = new Map(); // by group, its lines' elements
    this.linesOf = new Map(); // by edge, the lines that it runs along, where they are drawn
    this.layers = new Map(); // by group, the element that holds what is in it
    this.places = new Map(); // by key, where it stands in the group around it
    this.touched = 0; // elements that were changed, for tests
    this.canvas = shape("g");
    this.svg = shape("svg", {
      role: "application", "aria-roledescription": "graph of a computation",
      "aria-label": "Graph. Arrow keys move between boxes, Enter chooses.",
    }, arrowHeads(), this.canvas);
    view.append(this.svg);
    this.zoom = 1;
    this.current = [];
    this.active = null;
    this.selected = null;
    player.listeners.push((from, to) => this.move(from, to));
    this.refold();
    this.focusable(this.firstKey());
  }

  // --- boxes and lines ---

  /** Draw what is to be seen now, and move what stands elsewhere. */
  refold() {
    const { places, lines, width, height } = this.scene.arrange();
    this.fillGroup(0, this.canvas, places, lines);
    this.places = places;
    this.size = { width: width + 48, height: height + 48 };
    this.canvas.setAttribute("transform", "translate(24 24)");
    this.resize();
    if (this.active) this.focusable(this.scene.seen(this.active));
    this.markCurrent();
  }

  fillGroup(number, parent, places, lines) {
    const layer = this.layerOf(number, parent);
    const routes = lines.get(number);
    const { items } = this.model.groups[number];
    const isOpen = (item) => item < 0 && this.scene.open.has(-item);
    this.lines.get(number).forEach((line, place) => {
      const hasArrow = line.target >= 0 && !isOpen(items[line.target]);
      this.moveLine(line, routes[place], hasArrow);
    });
    for (const item of items) {
      const key = keyOf(item);
      this.moveBox(key, this.boxOf(item, layer), places.get(key), isOpen(item));
      if (isOpen(item)) this.fillGroup(-item, this.boxes.get(key), places, lines);
      else if (item < 0) this.layers.get(-item)?.remove();
    }
  }

  layerOf(number, parent) {
    if (!this.layers.has(number)) {
      const lines = this.model.groups[number].lines.map((line) => this.makeLine(line));
      this.lines.set(number, lines);
      this.layers.set(number, shape("g", { class: "layer" }, shape("g", {}, ...lines.map((line) => line.element))));
      for (const line of lines) this.paintLine(line);
    }
    const layer = this.layers.get(number);
    if (layer.parentNode !== parent) parent.append(layer);
    return layer;
  }

  boxOf(item, layer) {
    const key = keyOf(item);
    if (!this.boxes.has(key)) {
      const box = item < 0 ? groupBox(-item, this.model.groups[-item], this.flagsIn(-item)) : nodeBox(item, this.model.nodes[item]);
      this.boxes.set(key, box);
      layer.append(box);
      if (item >= 0) this.paintNode(item);
      if (this.player.breakpoints.has(item)) this.showBreakpoint(item, true);
    }
    return this.boxes.get(key);
  }

  moveBox(key, box, place, isOpen) {
    const before = this.places.get(key);
    const same = before && before.x === place.x && before.y === place.y;
    if (!same) this.touch(box).setAttribute("transform", `translate(${place.x} ${place.y})`);
    if (same && before.width === place.width && before.height === place.height) return;
    const outline = box.querySelector(".outline");
    outline.setAttribute("width", place.width);
    outline.setAttribute("height", place.height);
    if (key[0] === "g") dressGroup(box, isOpen, place);
  }

  makeLine([, target, edges]) {
    const visible = shape("path", { class: "line" });
    const wide = shape("path", { class: "reach" });
    const line = { edges, target, visible, wide, element: shape("g", { class: "edge" }, wide, visible), route: "", state: "" };
    line.element.dataset.edges = edges.join(" ");
    for (const edge of edges) {
      if (!this.linesOf.has(edge)) this.linesOf.set(edge, []);
      this.linesOf.get(edge).push(line);
    }
    return line;
  }

  moveLine(line, points, hasArrow) {
    const route = curve(points);
    line.visible.classList.toggle("arrow", hasArrow);
    if (route === line.route) return;
    line.route = route;
    this.touch(line.visible).setAttribute("d", route);
    line.wide.setAttribute("d", route);
  }

  touch(changed) {
    this.touched += 1;
    return changed;
  }

  // --- the step ---

  /** Show another position: only the boxes and lines of the steps in between are touched. */
  move(from, to) {
    const nodes = new Set();
    const edges = new Set();
    const isWhole = !from || !to; // to or from the overview
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    for (const step of isWhole ? this.player.steps : this.player.steps.slice(low, high)) {
      nodes.add(step.node);
      for (const edge of step.edges) { edges.add(edge); nodes.add(this.model.edges[edge].source); }
    }
    if (isWhole) this.model.nodes.forEach((_, node) => nodes.add(node));
    for (const node of nodes) this.paintNode(node);
    const lines = new Set([...edges].flatMap((edge) => this.linesOf.get(edge) ?? []));
    for (const line of lines) this.paintLine(line);
    this.markCurrent();
  }

  paintNode(node) {
    const box = this.boxes.get(`n${node}`);
    if (!box) return;
    const state = `${this.player.isComputed(node) ? " computed" : ""}${this.player.isPassed(node) ? " passed" : ""}`;
    if (box.dataset.state === state) return;
    box.dataset.state = state;
    this.touch(box).classList.toggle("computed", state.includes("computed"));
    box.classList.toggle("passed", state.includes("passed"));
  }

  paintLine(line) {
    const sent = line.edges.filter((edge) => this.player.isSent(edge));
    const strengths = sent.map((edge) => this.model.edges[edge].strength).sort((a, b) => weightOf(b) - weightOf(a));
    const state = sent.length ? `line ${strengthClass(strengths[0])}` : "line";
    if (state === line.state) return;
    line.state = state;
    const hasArrow = line.visible.classList.contains("arrow");
    this.touch(line.visible).setAttribute("class", hasArrow ? `${state} arrow` : state);
  }

  /** Let the boxes and lines of the current step stand out. */
  markCurrent() {
    for (const marked of this.current) marked.classList.remove("current", "back");
    const step = this.player.step;
    this.current = [];
    if (!step) return;
    const box = this.boxes.get(this.scene.seen(`n${step.node}`));
    if (box) this.current.push(box);
    for (const line of step.edges.flatMap((edge) => this.linesOf.get(edge) ?? [])) this.current.push(line.element);
    for (const marked of this.current) {
      this.touch(marked).classList.add("current");
      if (step.pass === "backward") marked.classList.add("back");
    }
  }

  // --- choosing and focus ---

  firstKey() { return keyOf(this.model.groups[0].items[0] ?? 0); }

  /** The one box that the Tab key leads to. */
  focusable(key) {
    const handle = (each) => this.boxes.get(each)?.querySelector(".handle");
    if (this.active) handle(this.active)?.setAttribute("tabindex", "-1");
    this.active = key;
    handle(key)?.setAttribute("tabindex", "0");
    return handle(key);
  }

  focus(key) { this.focusable(this.scene.seen(key))?.focus({ preventScroll: true }); this.reveal(key); }

  select(key) {
    if (this.selected) this.boxes.get(this.selected)?.classList.remove("selected");
    this.selected = key;
    if (key) this.boxes.get(key)?.classList.add("selected");
  }

  showBreakpoint(node, isSet) {
    const box = this.boxes.get(`n${node}`);
    if (!box) return;
    this.touch(box).classList.toggle("stop", isSet);
    box.querySelector(".handle").setAttribute("aria-label", labelOf(this.model.nodes[node], isSet));
  }

  flagsIn(number) {
    return this.model.groups[number].items.flatMap((item) =>
      item < 0 ? this.flagsIn(-item) : (this.model.nodes[item].flags ?? []));
  }

  /** Open all groups around a node, so that it is seen. */
  uncover(node) {
    const around = this.scene.around(`n${node}`).filter((number) => !this.scene.open.has(number));
    for (const number of around) this.scene.open.add(number);
    if (around.length) this.refold();
  }

  // --- the view ---

  /** Where a box stands in the whole drawing. */
  absolute(key) {
    const seen = this.scene.seen(key);
    const place = this.places.get(seen);
    return this.scene.around(seen).reduce((sum, number) => {
      const around = this.places.get(`g${number}`);
      return { ...sum, x: sum.x + around.x, y: sum.y + around.y };
    }, { x: place.x + 24, y: place.y + 24, width: place.width, height: place.height });
  }

  /** Scroll so far that a box is in view. */
  reveal(key) {
    const { x, y, width, height } = this.absolute(key);
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.view;
    const left = nearer(scrollLeft, clientWidth, this.offset + x * this.zoom, width * this.zoom);
    const top = nearer(scrollTop, clientHeight, y * this.zoom, Math.min(height, 120) * this.zoom);
    if (left !== scrollLeft || top !== scrollTop) this.view.scrollTo({ left, top, behavior: calm() ? "auto" : "smooth" });
  }

  get offset() { return Math.max(0, (this.view.clientWidth - this.size.width * this.zoom) / 2); }

  setZoom(zoom) {
    this.zoom = Math.max(0.1, Math.min(3, zoom));
    this.resize();
  }

  fit() {
    const { clientWidth, clientHeight } = this.view;
    const both = Math.min(clientWidth / this.size.width, clientHeight / this.size.height);
    this.setZoom(Math.min(1, Math.max(both, Math.min(0.85, clientWidth / this.size.width), 0.4)));
  }

  resize() {
    const { width, height } = this.size;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("width", width * this.zoom);
    this.svg.setAttribute("height", height * this.zoom);
  }
}

/** The scroll position nearest to the present one at which a stretch is in view, with some room around it. */
function nearer(scroll, view, start, size) {
  const room = Math.min(60, Math.max(0, (view - size) / 2));
  if (start - room < scroll) return Math.max(0, start - room);
  return start + size + room > scroll + view ? start + size + room - view : scroll;
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

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

function arrowHeads() {
  const head = (id, path) => shape("marker", {
    id, viewBox: "0 0 8 8", refX: id === "arrow" ? 7 : 1, refY: 4, markerWidth: 8, markerHeight: 8,
    markerUnits: "userSpaceOnUse", orient: "auto",
  }, shape("path", { d: path, class: "head" }));
  return shape("defs", {}, head("arrow", "M1 1 7 4 1 7z"));
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
  const box = shape("g", { class: `box node ${node.kind}` }, handle);
  box.dataset.key = `n${number}`;
  return box;
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
  const box = shape("g", { class: `box group ${group.kind}` }, handle);
  box.dataset.key = `g${number}`;
  return box;
}

const countOf = (group) => `${group.items.length} ${group.items.length === 1 ? "box" : "boxes"} inside`;

function dressGroup(box, isOpen, place) {
  const handle = box.querySelector(".handle");
  box.classList.toggle("open", isOpen);
  handle.setAttribute("aria-expanded", isOpen);
  handle.querySelector(".sign").textContent = isOpen ? "−" : "+";
  const under = handle.querySelector(".under");
  under.setAttribute("width", place.width - 8);
  under.setAttribute("height", place.height);
}
