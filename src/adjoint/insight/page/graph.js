// The graph on the page. Of a large one only what is in view, or nearly, is there as elements; and a step touches only the
// boxes and lines that it is about.

const MARGIN = 24; // around the drawing
const WHOLE = 300; // boxes; a graph with no more is there as a whole
const AROUND = 500; // of a larger one, so much around the view is there too

class Graph {
  constructor(model, player, scene, view) {
    Object.assign(this, { model, player, scene, view });
    this.boxes = new Map(); // by key: { element, x, y, width, height, isOpen }
    this.lines = new Map(); // by group: its lines, as far as they have been made
    this.linesOf = new Map(); // by edge: the lines that it runs along
    this.layers = new Map(); // by group: the elements for its lines and boxes
    this.touched = 0; // elements that were changed, for tests
    this.current = new Set();
    this.zoom = 1;
    this.active = this.firstKey();
    this.selected = null;
    this.canvas = shape("g", { transform: `translate(${MARGIN} ${MARGIN})` });
    this.svg = shape("svg", {
      role: "application", "aria-roledescription": "graph of a computation",
      "aria-label": "Graph. Arrow keys move between boxes, Enter chooses.",
    }, arrowHead(), this.canvas);
    view.append(this.svg);
    view.addEventListener("scroll", () => this.showSoon(), { passive: true });
    new ResizeObserver(() => this.showSoon()).observe(view);
    player.listeners.push((from, to) => this.move(from, to));
    this.refold();
  }

  // --- what is there ---

  /** Give everything its place, after a group was opened or closed. */
  refold() {
    this.arranged = this.scene.arrange();
    this.size = { width: this.arranged.width + 2 * MARGIN, height: this.arranged.height + 2 * MARGIN };
    if (this.selected) this.selected = this.scene.seen(this.selected);
    this.resize();
    this.activate(this.active);
    this.markCurrent();
  }

  showSoon() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => { this.isWaiting = false; this.show(); });
  }

  /** Make and move what is in view, and take away what is not. */
  show() {
    this.pinned = new Set();
    for (const key of [this.active, this.selected, ...this.currentKeys()]) if (key) this.pin(key);
    this.showGroup(0, this.canvas, 0, 0, this.window());
  }

  /** What a reader has chosen stays, wherever it is. */
  pin(key) {
    this.pinned.add(key);
    for (const number of this.scene.around(key)) this.pinned.add(`g${number}`);
  }

  currentKeys() { return this.player.step ? [this.scene.seen(`n${this.player.step.node}`)] : []; }

  /** The part of the drawing that is to be there. */
  window() {
    if (this.arranged.places.size <= WHOLE) return { left: -Infinity, top: -Infinity, right: Infinity, bottom: Infinity };
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.view;
    const [left, top] = [(scrollLeft - this.offset) / this.zoom - MARGIN, scrollTop / this.zoom - MARGIN];
    return {
      left: left - AROUND, top: top - AROUND,
      right: left + clientWidth / this.zoom + AROUND, bottom: top + clientHeight / this.zoom + AROUND,
    };
  }

  showGroup(number, parent, x, y, window) {
    const layer = this.layerOf(number, parent);
    this.showLines(number, layer.lines, x, y, window);
    for (const item of this.model.groups[number].items) {
      const key = keyOf(item);
      const place = this.arranged.places.get(key);
      const isSeen = x + place.x < window.right && x + place.x + place.width > window.left
        && y + place.y < window.bottom && y + place.y + place.height > window.top;
      const isOpen = item < 0 && this.scene.open.has(-item);
      if (!isSeen && !this.pinned.has(key)) {
        this.boxes.get(key)?.element.remove();
        continue;
      }
      const box = this.boxOf(item);
      if (box.element.parentNode !== layer.boxes) layer.boxes.append(box.element);
      this.moveBox(box, place, isOpen);
      if (isOpen) this.showGroup(-item, box.element, x + place.x, y + place.y, window);
      else if (item < 0) this.layers.get(-item)?.element.remove();
    }
  }

  showLines(number, parent, x, y, window) {
    const { items, lines } = this.model.groups[number];
    const routes = this.arranged.lines.get(number);
    const made = this.lines.get(number);
    lines.forEach(([, target, edges], place) => {
      const [left, top, right, bottom] = routes[place].bounds;
      if (x + left > window.right || x + right < window.left || y + top > window.bottom || y + bottom < window.top) {
        made[place]?.element.remove();
        return;
      }
      const line = made[place] ??= this.newLine(edges);
      if (line.element.parentNode !== parent) parent.append(line.element);
      if (line.points !== routes[place].points) moveLine(this.touch(line), routes[place].points);
      const hasArrow = target >= 0 && !(items[target] < 0 && this.scene.open.has(-items[target]));
      if (hasArrow !== line.hasArrow) line.visible.classList.toggle("arrow", line.hasArrow = hasArrow);
    });
  }

  layerOf(number, parent) {
    if (!this.layers.has(number)) {
      const [lines, boxes] = [shape("g"), shape("g")];
      this.layers.set(number, { lines, boxes, element: shape("g", { class: "layer" }, lines, boxes) });
      this.lines.set(number, []);
    }
    const layer = this.layers.get(number);
    if (layer.element.parentNode !== parent) parent.append(layer.element);
    return layer;
  }

  boxOf(item) {
    const key = keyOf(item);
    if (!this.boxes.has(key)) {
      const element = item < 0 ? groupBox(-item, this.model.groups[-item], this.flagsIn(-item)) : nodeBox(item, this.model.nodes[item]);
      this.boxes.set(key, { element });
      if (item >= 0) this.paintNode(item);
      if (this.player.breakpoints.has(item)) this.showBreakpoint(item, true);
      if (key === this.active) element.firstChild.setAttribute("tabindex", "0");
      element.classList.toggle("selected", key === this.selected);
      if (this.currentKeys().includes(key)) this.mark(element);
    }
    return this.boxes.get(key);
  }

  moveBox(box, { x, y, width, height }, isOpen) {
    if (box.x !== x || box.y !== y) this.touch(box).element.setAttribute("transform", `translate(${x} ${y})`);
    if (box.width !== width || box.height !== height || box.isOpen !== isOpen) resizeBox(this.touch(box).element, width, height, isOpen);
    Object.assign(box, { x, y, width, height, isOpen });
  }

  newLine(edges) {
    const line = makeLine(edges);
    for (const edge of edges) this.linesOf.set(edge, [...(this.linesOf.get(edge) ?? []), line]);
    this.paintLine(line);
    if (edges.some((edge) => this.player.step?.edges.includes(edge))) this.mark(line.element);
    return line;
  }

  touch(changed) {
    this.touched += 1;
    return changed;
  }

  // --- the step ---

  /** Show another position: only the boxes and lines of the steps in between are touched. */
  move(from, to) {
    const isWhole = !from || !to; // to or from the overview
    const steps = isWhole ? this.player.steps : this.player.steps.slice(Math.min(from, to), Math.max(from, to));
    const edges = new Set(steps.flatMap((step) => step.edges));
    const nodes = new Set(steps.map((step) => step.node));
    for (const edge of edges) nodes.add(this.model.edges[edge].source);
    if (isWhole) this.model.nodes.forEach((_, node) => nodes.add(node));
    for (const node of nodes) this.paintNode(node);
    for (const line of new Set([...edges].flatMap((edge) => this.linesOf.get(edge) ?? []))) this.paintLine(line);
    this.markCurrent();
  }

  paintNode(node) {
    const box = this.boxes.get(`n${node}`);
    if (!box) return;
    const [isComputed, isPassed] = [this.player.isComputed(node), this.player.isPassed(node)];
    if (box.isComputed === isComputed && box.isPassed === isPassed) return;
    Object.assign(box, { isComputed, isPassed });
    this.touch(box).element.classList.toggle("computed", isComputed);
    box.element.classList.toggle("passed", isPassed);
  }

  paintLine(line) {
    const strengths = line.edges.filter((edge) => this.player.isSent(edge)).map((edge) => this.model.edges[edge].strength);
    const strongest = strengths.sort((a, b) => weightOf(b) - weightOf(a))[0];
    const state = strengths.length ? strengthClass(strongest) : "";
    if (state === line.state) return;
    this.touch(line).visible.setAttribute("class", `line ${state}${line.hasArrow ? " arrow" : ""}`);
    line.state = state;
  }

  /** Let the box and lines of the current step stand out. */
  markCurrent() {
    for (const marked of this.current) this.touch(marked).classList.remove("current", "back");
    this.current.clear();
    this.show();
    for (const key of this.currentKeys()) this.mark(this.boxes.get(key).element);
    for (const edge of this.player.step?.edges ?? []) for (const line of this.linesOf.get(edge) ?? []) this.mark(line.element);
  }

  mark(element) {
    this.touch(element).classList.add("current");
    element.classList.toggle("back", this.player.step.pass === "backward");
    this.current.add(element);
  }

  // --- choosing and focus ---

  firstKey() { return keyOf(this.model.groups[0].items[0] ?? 0); }

  /** Let this be the one box that the Tab key leads to. */
  activate(key) {
    this.boxes.get(this.active)?.element.firstChild.setAttribute("tabindex", "-1");
    this.active = this.scene.seen(key);
    if (!this.boxes.get(this.active)?.element.isConnected) this.show();
    const handle = this.boxes.get(this.active).element.firstChild;
    handle.setAttribute("tabindex", "0");
    return handle;
  }

  focus(key) {
    this.activate(key).focus({ preventScroll: true });
    this.reveal(key);
  }

  select(key) {
    this.boxes.get(this.selected)?.element.classList.remove("selected");
    this.selected = key && this.scene.seen(key);
    this.boxes.get(this.selected)?.element.classList.add("selected");
  }

  showBreakpoint(node, isSet) {
    const box = this.boxes.get(`n${node}`);
    if (!box) return;
    this.touch(box).element.classList.toggle("stop", isSet);
    box.element.firstChild.setAttribute("aria-label", labelOf(this.model.nodes[node], isSet));
  }

  flagsIn(number) {
    return this.model.groups[number].items.flatMap((item) =>
      (item < 0 ? this.flagsIn(-item) : this.model.nodes[item].flags ?? []));
  }

  /** Open all groups around a node or group, so that it is seen. */
  uncover(key) {
    const around = this.scene.around(key).filter((number) => !this.scene.open.has(number));
    for (const number of around) this.scene.open.add(number);
    if (around.length) this.refold();
  }

  // --- the view ---

  /** Where a box stands in the whole drawing. */
  absolute(key) {
    const seen = this.scene.seen(key);
    const { places } = this.arranged;
    let { x, y, width, height } = places.get(seen);
    for (const number of this.scene.around(seen)) {
      x += places.get(`g${number}`).x;
      y += places.get(`g${number}`).y;
    }
    return { x: x + MARGIN, y: y + MARGIN, width, height };
  }

  /** Scroll so far that a box is in view. */
  reveal(key) {
    const { x, y, width, height } = this.absolute(key);
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.view;
    const left = nearer(scrollLeft, clientWidth, this.offset + x * this.zoom, width * this.zoom);
    const top = nearer(scrollTop, clientHeight, y * this.zoom, Math.min(height, 120) * this.zoom);
    if (left === scrollLeft && top === scrollTop) return;
    const isNear = Math.abs(top - scrollTop) < 2 * clientHeight && Math.abs(left - scrollLeft) < 2 * clientWidth;
    this.view.scrollTo({ left, top, behavior: isNear && !calm() ? "smooth" : "auto" });
    if (!isNear) this.show();
  }

  get offset() { return Math.max(0, (this.view.clientWidth - this.size.width * this.zoom) / 2); }

  setZoom(zoom) {
    this.zoom = Math.max(0.1, Math.min(3, zoom));
    this.resize();
    this.show();
  }

  fit() {
    const { clientWidth, clientHeight } = this.view;
    const [across, down] = [clientWidth / this.size.width, clientHeight / this.size.height];
    this.setZoom(Math.min(1, Math.max(Math.min(across, down), Math.min(0.85, across), 0.5)));
    this.reveal(this.currentKeys()[0] ?? this.active);
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
