// Where everything stands, given which groups are open. Each group comes with a drawing in which the groups inside of it are
// closed. To open one, its drawing is stretched around it: what lies beyond moves away by half of what it grows, on each side.
// Distances only ever grow by that, so boxes stay apart.

const FRAME = { head: 30, side: 18, foot: 18 };

class Scene {
  constructor(groups) {
    this.groups = groups;
    this.open = new Set([0]);
    this.parent = new Map(); // the group around each node ("n3") and group ("g2")
    groups.forEach((group, number) => {
      for (const item of group.items) this.parent.set(keyOf(item), number);
    });
  }

  /** Places for all that is to be seen: by key its box, in the coordinates of the group around it, and lines by group. */
  arrange() {
    const places = new Map();
    const lines = new Map();
    const size = this.arrangeGroup(0, places, lines);
    return { places, lines, width: size.width, height: size.height };
  }

  arrangeGroup(number, places, lines) {
    const group = this.groups[number];
    const inner = group.items.map((item) =>
      item < 0 && this.open.has(-item) ? this.arrangeGroup(-item, places, lines) : null);
    const stretch = new Stretch(group.boxes, inner);
    const content = group.size[0] + stretch.growth.x;
    const width = Math.max(content + 2 * (number && FRAME.side), number && titleWidth(group.title));
    const frame = number ? { ...FRAME, side: (width - content) / 2 } : { head: 0, side: 0, foot: 0 };
    group.items.forEach((item, place) => {
      const [x, y, width, height] = group.boxes[place];
      const size = inner[place] ?? { width, height };
      places.set(keyOf(item), {
        x: stretch.x(x) - size.width / 2 + frame.side,
        y: stretch.y(y) - size.height / 2 + frame.head,
        width: size.width, height: size.height,
      });
    });
    const bottom = group.size[1] + stretch.growth.y + frame.head + frame.foot;
    const drawn = group.lines.map((line) => this.route(line, group, inner, stretch, frame, places, bottom));
    lines.set(number, drawn);
    const port = (end) => group.lines.findIndex((line) => line[end] < 0);
    return {
      width, height: bottom,
      entry: port(0) < 0 ? width / 2 : drawn[port(0)][0],
      exit: port(1) < 0 ? width / 2 : drawn[port(1)].at(-2),
    };
  }

  /** The points of a line, flat. At an open group it ends where the lines inside begin. */
  route([source, target, , points], group, inner, stretch, frame, places, bottom) {
    const moved = points.map((value, index) =>
      index % 2 ? stretch.y(value) + frame.head : stretch.x(value) + frame.side);
    if (source >= 0 && inner[source]) moved[0] = places.get(keyOf(group.items[source])).x + inner[source].exit;
    if (target >= 0 && inner[target]) moved[moved.length - 2] = places.get(keyOf(group.items[target])).x + inner[target].entry;
    if (source < 0) moved.unshift(moved[0], frame.head);
    if (target < 0) moved.push(moved.at(-2), bottom);
    return moved;
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

/** The map of a drawing in which some boxes are larger. */
class Stretch {
  constructor(boxes, inner) {
    this.parts = boxes.flatMap(([x, y, width, height], place) => inner[place] === null ? [] : [{
      x, y, width, height, dx: inner[place].width - width, dy: inner[place].height - height,
    }]);
    this.growth = {
      x: this.parts.reduce((sum, part) => sum + part.dx, 0),
      y: this.parts.reduce((sum, part) => sum + part.dy, 0),
    };
  }

  x(value) { return this.parts.reduce((sum, part) => sum + part.dx * share(value, part.x, part.width), value); }
  y(value) { return this.parts.reduce((sum, part) => sum + part.dy * share(value, part.y, part.height), value); }
}

/** From 0 at a box's one side to 1 at its other. */
function share(value, centre, size) {
  return Math.max(0, Math.min(1, (value - centre) / size + 0.5));
}

const keyOf = (item) => (item < 0 ? `g${-item}` : `n${item}`);
const titleWidth = (title) => 60 + 7.5 * title.length;
