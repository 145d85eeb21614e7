// Places for boxes whose layers, and whose order in each layer, are given: near their neighbours, and without overlaps.

const BETWEEN = { boxes: 26, layers: 42, lanes: 12 };
const ENTRY = -1; // where lines come into a group
const EXIT = -2;
const SWEEPS = 8;
// how much a box with one neighbour draws others to it, any other box, and the bend of a long line
const PULL = { dull: 0.001, ordinary: 1, straight: 4 };

class Layers {
  /** `boxes`: of each item its width and height, and how far from its middle lines come in and go out. */
  constructor(drawing, boxes) {
    this.boxes = boxes;
    this.lines = drawing.lines;
    const hasPorts = this.lines.some(([source, target]) => source < 0 || target < 0);
    this.layers = hasPorts ? [[ENTRY], ...drawing.layers, [EXIT]] : drawing.layers;
    this.rank = new Map(this.layers.flatMap((layer, rank) => layer.map((each) => [each, rank])));
    this.setRows(hasPorts);
    this.setColumns();
    this.lanes = new Map();
  }

  box(each) { return this.boxes[each] ?? { width: 0, height: 0, entry: 0, exit: 0 }; }

  setRows(hasPorts) {
    this.tops = [];
    this.bottoms = [];
    let y = 0;
    for (const layer of this.layers) {
      this.tops.push(y);
      this.bottoms.push(y + Math.max(0, ...layer.map((each) => this.box(each).height)));
      y = this.bottoms.at(-1) + BETWEEN.layers * (hasPorts && (layer[0] === ENTRY) ? 0.6 : 1);
    }
    this.height = this.bottoms.at(-1) ?? 0;
  }

  setColumns() {
    const links = this.lines.flatMap(([source, target, , bends]) => {
      const stops = bends ? [source, ...bends, target] : [];
      return stops.slice(1).map((each, place) => [stops[place], each]);
    });
    const x = across(this.layers, links, (each) => this.box(each));
    let [left, right] = [Infinity, -Infinity];
    for (const [each, middle] of x) {
      left = Math.min(left, middle - this.box(each).width / 2);
      right = Math.max(right, middle + this.box(each).width / 2);
    }
    this.x = new Map([...x].map(([each, middle]) => [each, middle - left]));
    this.width = x.size ? right - left : 0;
  }

  /** The upper left corner of an item's box. */
  corner(item) {
    const rank = this.rank.get(item);
    const { width, height } = this.box(item);
    return { x: this.x.get(item) - width / 2, y: (this.tops[rank] + this.bottoms[rank] - height) / 2 };
  }

  /** The points of a line, flat: it slants between layers only, so that it crosses no box. */
  route([source, target, , bends]) {
    const [start, end] = [this.side(source, 1), this.side(target, -1).reverse()];
    if (bends) return distinct([...start, ...bends.flatMap((bend) => this.passing(bend)), ...end]);
    const lane = this.lane(source);
    const half = BETWEEN.layers / 2;
    return distinct([...start, [lane, start[1][1] + half], [lane, end[0][1] - half], ...end]);
  }

  passing(bend) {
    const [x, rank] = [this.x.get(bend), this.rank.get(bend)];
    return [[x, this.tops[rank]], [x, this.bottoms[rank]]];
  }

  /** From the lower or upper side of a box to that of its layer. */
  side(item, way) {
    const rank = this.rank.get(item);
    const { height, entry, exit } = this.box(item);
    const x = this.x.get(item) + (way > 0 ? exit : entry);
    const middle = (this.tops[rank] + this.bottoms[rank]) / 2;
    return [[x, middle + (way * height) / 2], [x, way > 0 ? this.bottoms[rank] : this.tops[rank]]];
  }

  /** Where a line runs that goes beside the layers: all from one item share it. */
  lane(source) {
    if (!this.lanes.has(source)) {
      this.width += BETWEEN.lanes;
      this.lanes.set(source, this.width);
    }
    return this.lanes.get(source);
  }
}

/** Points in a row, flat, without those that stand where the one before them does. */
function distinct(points) {
  return points.filter(([x, y], place) => !place || x !== points[place - 1][0] || y !== points[place - 1][1]).flat();
}

/** The middle of each item in its layer. */
function across(layers, links, box) {
  const items = layers.flat();
  const number = new Map(items.map((item, place) => [item, place]));
  const part = (name) => Float64Array.from(items, (item) => box(item)[name]);
  const field = {
    x: new Float64Array(items.length), offset: new Float64Array(items.length), weight: new Float64Array(items.length),
    entry: part("entry"), exit: part("exit"),
    above: neighbours(links.map(([source, target]) => [number.get(target), number.get(source)]), items.length),
    below: neighbours(links.map(([source, target]) => [number.get(source), number.get(target)]), items.length),
  };
  const starts = [];
  let start = 0;
  for (const layer of layers) {
    starts.push(start);
    const offsets = offsetsOf(layer, box);
    offsets.forEach((offset, place) => {
      const at = start + place;
      field.offset[at] = offset;
      field.x[at] = offset - offsets.at(-1) / 2;
      const count = field.above.count(at) + field.below.count(at);
      field.weight[at] = !box(layer[place]).width ? PULL.straight : count < 2 ? PULL.dull : PULL.ordinary;
    });
    start += layer.length;
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isDown = sweep % 2 === 0;
    for (let at = 0; at < layers.length; at += 1) {
      const rank = isDown ? at : layers.length - 1 - at;
      settle(field, starts[rank], starts[rank] + layers[rank].length, isDown);
    }
  }
  return new Map(items.map((item, place) => [item, field.x[place]]));
}

/** For each number those that pairs lead to from it, in one row. */
function neighbours(pairs, size) {
  const starts = new Int32Array(size + 1);
  for (const [from] of pairs) starts[from + 1] += 1;
  for (let at = 0; at < size; at += 1) starts[at + 1] += starts[at];
  const row = new Int32Array(pairs.length);
  const next = starts.slice();
  for (const [from, to] of pairs) row[next[from]++] = to;
  return { starts, row, count: (at) => starts[at + 1] - starts[at] };
}

/** Draw the items of a layer to their neighbours above, or below. */
function settle({ x, offset, weight, entry, exit, above, below }, start, end, isDown) {
  const { starts, row } = isDown ? above : below;
  const [leave, arrive] = isDown ? [exit, entry] : [entry, exit];
  const blocks = [];
  for (let at = start; at < end; at += 1) {
    let [drawn, sum] = [0, 0];
    for (let place = starts[at]; place < starts[at + 1]; place += 1) {
      const other = row[place];
      drawn += weight[other];
      sum += weight[other] * (x[other] + leave[other]);
    }
    const wanted = drawn ? sum / drawn - arrive[at] : x[at];
    rise(blocks, wanted - offset[at], weight[at] * (drawn || PULL.dull));
  }
  let at = start;
  for (const { mean, length } of blocks) for (let turn = 0; turn < length; turn += 1, at += 1) x[at] = mean + offset[at];
}

/** One more of the numbers nearest to those wanted, by weighted squares, that never fall: isotonic regression. */
function rise(blocks, mean, weight) {
  const block = { mean, weight, length: 1 };
  while (blocks.length && blocks.at(-1).mean > block.mean) {
    const other = blocks.pop();
    const together = other.weight + block.weight;
    block.mean = (other.mean * other.weight + block.mean * block.weight) / together;
    block.weight = together;
    block.length += other.length;
  }
  blocks.push(block);
}

/** The middles of the items of a layer that stand as close as they may. */
function offsetsOf(layer, box) {
  const offsets = [0];
  for (let at = 1; at < layer.length; at += 1) {
    offsets.push(offsets[at - 1] + (box(layer[at - 1]).width + box(layer[at]).width) / 2 + BETWEEN.boxes);
  }
  return offsets;
}
