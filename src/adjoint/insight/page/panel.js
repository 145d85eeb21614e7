// What stands beside the graph: the step or box that is looked at, what is wrong, the breakpoints, and all steps as a table.

const ROWS = 8; // of a section that are shown at once

class Panel {
  /** `actions`: what the page does when a reader chooses a node, a position or a breakpoint here. */
  constructor(model, player, actions) {
    Object.assign(this, { model, player, actions });
    this.made = 0; // rows of the table so far
  }

  // --- the step, or a box ---

  showStep() {
    const { player } = this;
    if (player.isOverview) return this.show("Overview", this.model.title, null, this.sections(this.model.summary), []);
    const step = player.step;
    this.shown = step.node;
    const backward = player.position - player.forwardCount;
    const kicker = step.pass === "forward"
      ? `Forward ${player.position} of ${player.forwardCount}`
      : `Backward ${backward} of ${player.last - player.forwardCount}`;
    return this.show(kicker, step.title, this.model.nodes[step.node], this.sections(step.sections), this.nodeButtons(step.node, false));
  }

  showNode(number) {
    const node = this.model.nodes[number];
    const positions = this.player.stepsOf.get(number) ?? [];
    const parts = positions.map((position) => this.player.steps[position - 1]).flatMap((step) => step.sections);
    const once = parts.filter((part, place) => parts.findIndex((other) => JSON.stringify(other) === JSON.stringify(part)) === place);
    const kind = node.kind === "operation" ? node.operation : node.kind;
    const own = { title: "Value", rows: [{ of: number }] };
    this.shown = number;
    this.show(kind, node.name, node, this.sections(node.kind === "operation" ? once : [own, ...once]), this.nodeButtons(number, true));
  }

  showGroup(number, isOpen) {
    const group = this.model.groups[number];
    const toggle = button(isOpen ? "Close" : "Open", () => this.actions.toggleGroup(number), { class: "small" });
    const name = (item) => (item < 0 ? this.model.groups[-item].title : this.model.nodes[item].name);
    const entry = (item) => element("li", {}, button(name(item), () => this.actions.look(keyOf(item)), { class: "link" }));
    const inside = element("details", {}, element("summary", {}, countOf(group)), element("ul", {}, ...group.items.map(entry)));
    this.show("Group", group.title, null, [inside], [toggle]);
  }

  show(kicker, title, node, sections, buttons) {
    byId("details").replaceChildren(
      element("p", { class: "kicker" }, kicker),
      element("h2", { id: "details-title" }, title),
      ...(node?.line ? [sourceLine(node.line)] : []),
      ...this.warnings(node),
      element("div", { class: "buttons" }, ...buttons),
      ...sections);
  }

  warnings(node) {
    return (node?.flags ?? []).map((flag) => element("p", { class: `warning ${flag.kind}` },
      element("span", { class: "mark" }, FLAGS[flag.kind].mark), ` ${upper(flag.text)}.`));
  }

  nodeButtons(node, withJumps) {
    const positions = this.player.stepsOf.get(node) ?? [];
    const find = (pass) => positions.find((position) => this.player.steps[position - 1].pass === pass);
    const jump = (pass, text) => find(pass) ? button(text, () => this.actions.go(find(pass)), { class: "small" }) : null;
    const isSet = this.player.breakpoints.has(node);
    const stop = button("Breakpoint", () => this.actions.toggleBreakpoint(node),
      { class: "small stop-button", "aria-pressed": isSet, title: "Breakpoint (b)" });
    const jumps = withJumps ? [jump("forward", "Forward step"), jump("backward", "Backward step")] : [];
    return [stop, ...jumps].filter(Boolean);
  }

  sections(sections) {
    return sections.map(({ title, rows }) => element("section", { class: "part" },
      element("h3", {}, title), ...rows.slice(0, ROWS).flatMap((row) => this.rows(row)),
      rows.length > ROWS ? this.rest(rows.slice(ROWS)) : null));
  }

  /** More rows, made when a reader opens them. */
  rest(rows) {
    const details = element("details", {}, element("summary", {}, `${rows.length} more`));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(...rows.flatMap((row) => this.rows(row)));
    });
    return details;
  }

  /** A row, or those that say what a node is: for another node than the one shown, with a link to it. */
  rows(row) {
    if (row.of === undefined) return [this.row(row)];
    const { rows } = this.model.nodes[row.of];
    return row.of === this.shown ? rows.map((each) => this.row(each)) : [this.row({ ...rows[0], node: row.of })];
  }

  row({ math: parts, value, node }) {
    const link = node === undefined ? null
      : button(this.model.nodes[node].name, () => this.actions.choose(node), { class: "link", title: "Show this box" });
    return element("div", { class: "row" }, link, element("div", { class: "formula" }, ...this.equalities(parts)),
      value === undefined ? null : opened(this.model.values[value]));
  }

  /** Formulas that are equal, each on a line of its own where they do not fit on one. */
  equalities(parts) {
    const formulas = parts.map((part) => this.model.formulas[part]);
    return formulas.flatMap((formula, place) => [math(place ? `<mo>=</mo>${formula}` : formula), " "]);
  }

  // --- what is wrong ---

  showFlags() {
    const found = this.model.nodes.flatMap((node, number) => (node.flags ?? []).map((flag) => ({ number, flag })));
    found.sort((a, b) => Number(b.flag.starts) - Number(a.flag.starts));
    this.flagged = [...new Set(found.map(({ number }) => number))];
    const entry = ({ number, flag }) => element("li", {}, button("", () => this.actions.choose(number), { class: `flag ${flag.kind}` }));
    const items = found.slice(0, 100).map((each) => {
      const item = entry(each);
      item.firstChild.append(element("span", { class: "mark" }, FLAGS[each.flag.kind].mark), ` ${upper(each.flag.text)}`,
        each.flag.starts ? element("strong", {}, " starts here") : "");
      return item;
    });
    const rest = found.length - items.length;
    byId("flags").replaceChildren(element("h2", { id: "flags-title" }, "To look at"),
      items.length ? element("ul", {}, ...items) : element("p", { class: "note" }, "No gradient is NaN, infinite, zero, vanishing or exploding."),
      rest ? element("p", { class: "note" }, `and ${rest} more`) : "");
  }

  showStops() {
    const items = [...this.player.breakpoints].sort((a, b) => a - b).map((node) => element("li", {},
      button(this.model.nodes[node].name, () => this.actions.choose(node), { class: "link" }),
      button("Remove", () => this.actions.toggleBreakpoint(node), { class: "small", "aria-label": `Remove the breakpoint on ${this.model.nodes[node].name}` })));
    byId("stops").replaceChildren(element("h2", { id: "stops-title" }, "Breakpoints"),
      items.length ? element("ul", {}, ...items) : element("p", { class: "note" }, "None. Choose a box and press b, then r to run."));
  }

  // --- the table ---

  toggleTable() {
    const table = byId("table");
    table.hidden = !table.hidden;
    byId("table-button").setAttribute("aria-expanded", String(!table.hidden));
    if (!table.hidden && !this.made) this.makeTable(table);
    if (!table.hidden) table.scrollIntoView({ behavior: calm() ? "auto" : "smooth" });
    return !table.hidden;
  }

  makeTable(table) {
    this.body = element("tbody");
    this.more = button("More rows", () => this.addRows());
    const heads = ["Step", "Pass", "What happens", "Result", "Line"].map((text) => element("th", { scope: "col" }, text));
    table.replaceChildren(element("h2", { id: "table-title" }, "All steps"),
      element("div", { class: "wide" }, element("table", { "aria-labelledby": "table-title" }, element("thead", {}, element("tr", {}, ...heads)), this.body)),
      this.more);
    this.addRows();
  }

  addRows() {
    const { steps } = this.player;
    const until = Math.min(steps.length, this.made + 200);
    for (; this.made < until; this.made += 1) {
      const position = this.made + 1;
      const step = steps[this.made];
      const node = this.model.nodes[step.node];
      const what = button(step.title, () => this.actions.go(position), { class: "link" });
      this.body.append(element("tr", {}, element("td", {}, String(position)), element("td", {}, step.pass), element("td", {}, what),
        element("td", { class: "number" }, step.result), element("td", { class: "source" }, node.line?.place ?? "")));
    }
    this.more.hidden = this.made >= steps.length;
  }
}

const upper = (text) => text[0].toUpperCase() + text.slice(1);

function sourceLine({ place, text }) {
  return element("figure", { class: "source" }, element("code", {}, text), element("figcaption", {}, place));
}

/** A tensor, closed; whoever opens it sees its facts and its first elements. */
function opened(value) {
  const summary = element("summary", {}, `tensor [${value.shape.join(", ")}] ${value.dtype}`);
  const details = element("details", { class: "tensor" }, summary);
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const share = (count) => `${count} (${Math.round((100 * count) / Math.max(1, value.size))}%)`;
    const facts = [["range", value.text.match(/[^ ,]+ \.\. [^ ,]+/)?.[0]], ["norm", value.norm], ["zeros", share(value.zeros)]];
    if (value.nans) facts.push(["NaN", share(value.nans)]);
    if (value.infinities) facts.push(["infinite", share(value.infinities)]);
    details.append(element("dl", {}, ...facts.filter(([, fact]) => fact).flatMap(([name, fact]) =>
      [element("dt", {}, name), element("dd", {}, fact)])),
    element("pre", { tabindex: "0", "aria-label": "elements" }, elementsOf(value)));
  });
  return details;
}

/** The first elements, a line for each row of the last dimension. */
function elementsOf({ shape: sizes, first, size }) {
  const row = sizes.at(-1) || 1;
  const lines = [];
  for (let at = 0; at < first.length; at += row) lines.push(first.slice(at, at + row).join("  "));
  if (first.length < size) lines.push(`… ${size - first.length} more`);
  return lines.join("\n");
}
