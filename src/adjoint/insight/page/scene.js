// Where everything stands, given which groups are open. An open group is a frame around its own drawing.

const FRAME = { head: 30, side: 16, foot: 8 };
const BOX_HEIGHT = 64;

class Scene {
  constructor(model) {
    this.groups = model.groups;
    this.open = new Set([0]);
    this.parent = new Map(); // the group around each node ("n3") and group ("g2")
    this.closed = new Map(); // the sizes of nodes, and of groups while they are closed
    this.known = new Map(); // by group, its drawing as it was, with the sizes for which that is right
    model.nodes.forEach((node, number) => this.closed.set(`n${number}`, nodeWidth(node.box)));
    this.groups.forEach((group, number) => {
      this.closed.set(`g${number}`, Math.max(titleWidth(group.title), 150));
      for (const item of group.items) this.parent.set(keyOf(item), number);
    });
  }

  /** Places for all that is to be seen: by key its box, in the coordinates of the group around it, and lines by group. */
  arrange() {
    const places = new Map();
    const lines = new Map();
    const { width, height } = this.arrangeGroup(0, places, lines);
    return { places, lines, width, height };
  }

  arrangeGroup(number, places, lines) {
    const group = this.groups[number];
    const sizes = group.items.map((item) => (item < 0 && this.open.has(-item)
      ? this.arrangeGroup(-item, places, lines)
      : { width: this.closed.get(keyOf(item)), height: BOX_HEIGHT, entry: 0, exit: 0 }));
    const drawn = this.drawingOf(number, sizes);
    drawn.places.forEach((place, index) => places.set(keyOf(group.items[index]), place));
    lines.set(number, drawn.routes);
    return drawn.size;
  }

  /** A group's own drawing, which is kept as long as no box in it changes its size. */
  drawingOf(number, sizes) {
    const wanted = sizes.map(({ width, height, entry, exit }) => [width, height, entry, exit].join()).join(" ");
    const known = this.known.get(number);
    if (known?.wanted === wanted) return known;
    const drawn = { wanted, ...draw(this.groups[number], sizes, number ? FRAME : { head: 0, side: 0, foot: 0 }) };
    this.known.set(number, drawn);
    return drawn;
  }

  /** The groups around a node or group, the innermost first. */
  around(key) {
    const found = [];
    for (let number = this.parent.get(key); number; number = this.parent.get(`g${number}`)) found.push(number);
    return found;
  }

  /** What is seen of a node or group: itself, or the outermost closed group around it. */
  seen(key) {
    const closed = this.around(key).filter((number) => !this.open.has(number));
    return closed.length ? `g${closed.at(-1)}` : key;
  }

  openAll() { this.groups.forEach((_, number) => this.open.add(number)); }
  closeAll() { this.open = new Set([0]); }

  toggle(number) {
    if (!this.open.delete(number)) this.open.add(number);
  }

  /** Open groups from the outside in as long as no more than so many boxes are seen. */
  openUpTo(most) {
    let count = this.groups[0].items.length;
    const waiting = [0];
    while (waiting.length) {
      for (const item of this.groups[waiting.shift()].items) {
        if (item >= 0) continue;
        const more = this.groups[-item].items.length;
        if (count + more > most) continue;
        count += more;
        this.open.add(-item);
        waiting.push(-item);
      }
    }
  }
}

/** The boxes and lines of a group within its frame. */
function draw(group, sizes, frame) {
  const layers = new Layers(group, sizes);
  const inner = group.lines.map((line) => layers.route(line));
  const width = Math.max(layers.width + 2 * frame.side, frame.head && titleWidth(group.title));
  const [left, top] = [(width - layers.width) / 2, frame.head];
  const height = layers.height + frame.head + frame.foot;
  const places = sizes.map((size, item) => {
    const { x, y } = layers.corner(item);
    return { x: x + left, y: y + top, width: size.width, height: size.height };
  });
  const routes = inner.map((points, place) => {
    const moved = points.map((value, index) => value + (index % 2 ? top : left));
    if (group.lines[place][0] === ENTRY) moved.unshift(moved[0], 0);
    if (group.lines[place][1] === EXIT) moved.push(moved.at(-2), height);
    return { points: moved, bounds: bounds(moved) };
  });
  const port = (which) => (layers.x.has(which) ? layers.x.get(which) + left - width / 2 : 0);
  return { places, routes, size: { width, height, entry: port(ENTRY), exit: port(EXIT) } };
}

/** The left, top, right and bottom of a line. */
function bounds(points) {
  const found = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < points.length; at += 2) {
    found[0] = Math.min(found[0], points[at]);
    found[1] = Math.min(found[1], points[at + 1]);
    found[2] = Math.max(found[2], points[at]);
    found[3] = Math.max(found[3], points[at + 1]);
  }
  return found;
}

const keyOf = (item) => (item < 0 ? `g${-item}` : `n${item}`);
const titleWidth = (title) => 62 + 7.6 * title.length;

/** How wide a node's box must be for its lines. */
function nodeWidth([name, operation, value, gradient]) {
  return Math.max(84, 30 + 7.8 * name.length + 6.6 * operation.length, 22 + 7.3 * value.length, 32 + 7.3 * gradient.length);
}
