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
    if (bends) return [...start, ...bends.flatMap((bend) => this.passing(bend)), ...end].flat();
    const lane = this.lane(source);
    return [...start, [lane, start[1][1] + BETWEEN.layers / 2], [lane, end[0][1] - BETWEEN.layers / 2], ...end].flat();
  }

  passing(bend) {
    const [x, rank] = [this.x.get(bend), this.rank.get(bend)];
    return this.tops[rank] === this.bottoms[rank] ? [[x, this.tops[rank]]] : [[x, this.tops[rank]], [x, this.bottoms[rank]]];
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

/** The middle of each item in its layer. */
function across(layers, links, box) {
  const [above, below] = [new Map(), new Map()];
  const add = (map, key, value) => (map.get(key) ?? map.set(key, []).get(key)).push(value);
  for (const [source, target] of links) {
    add(above, target, source);
    add(below, source, target);
  }
  const offsets = layers.map((layer) => offsetsOf(layer, box));
  const x = new Map();
  const weight = new Map();
  layers.forEach((layer, rank) => layer.forEach((each, place) => {
    x.set(each, offsets[rank][place] - offsets[rank].at(-1) / 2);
    const neighbours = (above.get(each)?.length ?? 0) + (below.get(each)?.length ?? 0);
    weight.set(each, !box(each).width ? PULL.straight : neighbours < 2 ? PULL.dull : PULL.ordinary);
  }));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isDown = sweep % 2 === 0;
    const leave = isDown ? "exit" : "entry";
    const arrive = isDown ? "entry" : "exit";
    const sources = isDown ? above : below;
    for (let at = 0; at < layers.length; at += 1) {
      const rank = isDown ? at : layers.length - 1 - at;
      const layer = layers[rank];
      const wanted = layer.map((each, place) => {
        const [drawn, to] = pulled(sources.get(each) ?? [], x, weight, (other) => box(other)[leave]);
        return { mean: (drawn ? to - box(each)[arrive] : x.get(each)) - offsets[rank][place], weight: weight.get(each) * (drawn || PULL.dull) };
      });
      rising(wanted).forEach((value, place) => x.set(layer[place], value + offsets[rank][place]));
    }
  }
  return x;
}

function pulled(others, x, weight, offset) {
  let [drawn, sum] = [0, 0];
  for (const other of others) {
    drawn += weight.get(other);
    sum += weight.get(other) * (x.get(other) + offset(other));
  }
  return [drawn, sum / drawn];
}

/** The middles of the items of a layer that stand as close as they may. */
function offsetsOf(layer, box) {
  const offsets = [0];
  for (let at = 1; at < layer.length; at += 1) {
    offsets.push(offsets[at - 1] + (box(layer[at - 1]).width + box(layer[at]).width) / 2 + BETWEEN.boxes);
  }
  return offsets;
}

/** The numbers nearest to those wanted, by weighted squares, that never fall: isotonic regression. */
function rising(wanted) {
  const blocks = [];
  for (const { mean, weight } of wanted) {
    let block = { mean, weight, length: 1 };
    while (blocks.length && blocks.at(-1).mean > block.mean) {
      const other = blocks.pop();
      const together = other.weight + block.weight;
      block = {
        mean: (other.mean * other.weight + block.mean * block.weight) / together,
        weight: together, length: other.length + block.length,
      };
    }
    blocks.push(block);
  }
  return blocks.flatMap(({ mean, length }) => Array(length).fill(mean));
}
