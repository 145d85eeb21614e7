// The page as a whole: buttons, keys, hovering, and what is read out.

const BOXES_AT_FIRST = 60;

class Page {
  constructor(model) {
    this.model = model;
    this.player = new Player(model);
    this.scene = new Scene(model);
    this.scene.openUpTo(BOXES_AT_FIRST);
    this.graph = new Graph(model, this.player, this.scene, byId("view"));
    this.panel = new Panel(model, this.player, {
      choose: (node) => this.choose(node), go: (position) => this.go(position),
      look: (key) => this.uncover(key), toggleBreakpoint: (node) => this.toggleBreakpoint(node), toggleGroup: (number) => this.toggleGroup(number),
    });
    this.hasKeys = true;
    this.player.listeners.push(() => this.stepped());
    this.wireButtons();
    this.wireGraph();
    this.wireKeys();
    this.panel.showFlags();
    this.panel.showStops();
    showLegend(model.limits);
    byId("subtitle").textContent = subtitle(model, this.player);
    this.graph.fit();
    this.stepped();
  }

  // --- steps ---

  go(position) { this.player.go(position); }

  stepped() {
    const { player } = this;
    const step = player.step;
    byId("slider").max = player.last;
    byId("slider").value = player.position;
    byId("slider").setAttribute("aria-valuetext", step ? `${player.position} of ${player.last}: ${step.title}` : "overview");
    byId("position").textContent = step ? `${player.position} / ${player.last}` : `overview / ${player.last}`;
    document.body.classList.toggle("stepping", !player.isOverview);
    for (const id of ["start", "run-back", "back"]) byId(id).disabled = player.isOverview;
    for (const id of ["next", "run", "end"]) byId(id).disabled = player.position === player.last;
    this.graph.select(null);
    this.panel.showStep();
    if (!step) return;
    this.graph.reveal(`n${step.node}`);
    this.say(`${step.say}. Step ${player.position} of ${player.last}.`);
  }

  say(text) { byId("live").textContent = text; }

  // --- choosing ---

  /** Look at a node, wherever it is folded away. */
  choose(node) { this.uncover(`n${node}`); }

  uncover(key) {
    this.graph.uncover(key);
    this.look(key);
    this.graph.focus(key);
  }

  look(key) {
    this.graph.select(key);
    const number = Number(key.slice(1));
    if (key[0] === "n") this.panel.showNode(number);
    else this.panel.showGroup(number, this.scene.open.has(number));
  }

  toggleGroup(number) {
    const key = `g${number}`;
    this.scene.toggle(number);
    this.graph.refold();
    this.look(key);
    this.graph.focus(key);
    this.say(`${this.model.groups[number].title} ${this.scene.open.has(number) ? "opened" : "closed"}.`);
  }

  foldAll(isOpen) {
    if (isOpen) this.scene.openAll();
    else this.scene.closeAll();
    this.graph.refold();
    this.graph.fit();
    this.say(isOpen ? "All groups opened." : "All groups closed.");
  }

  toggleBreakpoint(node) {
    const isSet = this.player.toggleBreakpoint(node);
    this.graph.showBreakpoint(node, isSet);
    this.panel.showStops();
    for (const each of document.querySelectorAll("#details .stop-button")) each.setAttribute("aria-pressed", String(isSet));
    this.say(`Breakpoint on ${this.model.nodes[node].name} ${isSet ? "set" : "removed"}.`);
  }

  /** The node that a key is meant for: the one chosen or in focus, else that of the step. */
  get meant() {
    const focused = document.activeElement?.closest?.(".box")?.dataset.key;
    const key = focused ?? this.graph.selected;
    if (key?.[0] === "n") return Number(key.slice(1));
    return key ? null : this.player.step?.node ?? null;
  }

  nextFlag() {
    const { flagged } = this.panel;
    if (!flagged.length) return this.say("Nothing to look at.");
    this.flagAt = ((this.flagAt ?? -1) + 1) % flagged.length;
    return this.choose(flagged[this.flagAt]);
  }

  // --- buttons ---

  wireButtons() {
    const { player, graph } = this;
    const actions = {
      start: () => this.go(0), "run-back": () => this.go(player.nextStop(-1)), back: () => this.go(player.position - 1),
      next: () => this.go(player.position + 1), run: () => this.go(player.nextStop(1)), end: () => this.go(player.last),
      "open-all": () => this.foldAll(true), "close-all": () => this.foldAll(false),
      "zoom-in": () => graph.setZoom(graph.zoom * 1.25), "zoom-out": () => graph.setZoom(graph.zoom / 1.25), "zoom-fit": () => graph.fit(),
      "table-button": () => this.panel.toggleTable(), "help-button": () => this.help(),
    };
    for (const [id, action] of Object.entries(actions)) byId(id).addEventListener("click", action);
    byId("slider").addEventListener("input", () => this.go(Number(byId("slider").value)));
    const hasGroups = this.model.groups.length > 1;
    byId("open-all").hidden = byId("close-all").hidden = !hasGroups;
  }

  help() {
    const dialog = byId("help");
    if (!dialog.firstChild) {
      const rows = KEYS.map(([key, text]) => element("tr", {}, element("th", { scope: "row" }, element("kbd", {}, key)), element("td", {}, text)));
      const letters = element("input", { type: "checkbox", id: "letters", checked: true, onchange: () => { this.hasKeys = letters.checked; } });
      dialog.append(element("h2", { id: "help-title" }, "Keys"), element("table", {}, ...rows),
        element("p", {}, letters, element("label", { for: "letters" }, " Letters are shortcuts")),
        button("Close", () => dialog.close(), { class: "primary" }));
    }
    dialog.showModal();
  }

  // --- the graph under the pointer ---

  wireGraph() {
    const { view } = this.graph;
    const key = (event) => event.target.closest?.(".box")?.dataset.key;
    view.addEventListener("click", (event) => {
      const handle = event.target.closest(".handle");
      if (!handle) return;
      const chosen = handle.parentNode.dataset.key;
      this.graph.activate(chosen).focus({ preventScroll: true });
      if (chosen[0] === "g") this.toggleGroup(Number(chosen.slice(1)));
      else this.look(chosen);
    });
    view.addEventListener("pointerover", (event) => {
      const box = event.target.closest(".handle")?.parentNode;
      const edge = event.target.closest(".edge");
      if (box) this.tip(this.tipOf(box.dataset.key), event.clientX, event.clientY);
      else if (edge) this.tip(this.tipOfEdges(edge.dataset.edges.split(" ").map(Number)), event.clientX, event.clientY);
      else this.hideTip();
    });
    view.addEventListener("pointerleave", () => this.hideTip());
    view.addEventListener("focusin", (event) => {
      const focused = key(event);
      if (!focused || !event.target.matches(":focus-visible")) return;
      this.graph.activate(focused);
      const { left, bottom } = event.target.querySelector(".outline").getBoundingClientRect();
      this.tip(this.tipOf(focused), left, bottom - 8);
    });
    view.addEventListener("focusout", () => this.hideTip());
    view.addEventListener("scroll", () => this.hideTip(), { passive: true });
  }

  tipOf(key) {
    const number = Number(key.slice(1));
    if (key[0] === "g") {
      const group = this.model.groups[number];
      return [group.title, [["", countOf(group)], ["", "Enter opens and closes it"]]];
    }
    const node = this.model.nodes[number];
    const { values } = this.model;
    const rows = node.values.map((value) => ["value", values[value].text]);
    rows.push(...node.gradients.map((gradient) => ["gradient", values[gradient].text]));
    rows.push(...(node.flags ?? []).map((flag) => [FLAGS[flag.kind].mark, flag.text]));
    if (node.line) rows.push(["line", `${node.line.place}  ${node.line.text}`]);
    return [`${node.name}  ${node.operation ?? node.kind}`, rows];
  }

  tipOfEdges(edges) {
    const { nodes } = this.model;
    const rows = edges.slice(0, 6).map((number) => {
      const edge = this.model.edges[number];
      return [`${nodes[edge.target].name} → ${nodes[edge.source].name}`, edge.text ?? "no gradient"];
    });
    if (edges.length > 6) rows.push(["", `and ${edges.length - 6} more`]);
    return [edges.length === 1 ? "Gradient along this edge" : `Gradients along these ${edges.length} edges`, rows];
  }

  tip([title, rows], x, y) {
    const tip = byId("tip");
    tip.replaceChildren(element("strong", {}, title), element("dl", {}, ...rows.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)])));
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${y + 16 + height > innerHeight ? Math.max(4, y - height - 12) : y + 16}px`;
  }

  hideTip() { byId("tip").hidden = true; }

  // --- keys ---

  wireKeys() {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
      if (event.key === "Escape") return this.hideTip();
      const focused = event.target.closest?.(".box")?.dataset.key;
      if ((focused && this.graphKey(event, focused)) || this.letter(event)) event.preventDefault();
    });
  }

  /** Keys on a box of the graph. */
  graphKey({ key }, focused) {
    if (key === "Enter" || key === " ") {
      if (focused[0] === "g") this.toggleGroup(Number(focused.slice(1)));
      else this.look(focused);
      return true;
    }
    const target = new Neighbours(this.graph, this.model).of(focused, key);
    if (target) this.graph.focus(target);
    return target !== undefined;
  }

  letter({ key, target }) {
    if (!this.hasKeys || target.matches?.("input[type=text], textarea, select")) return false;
    const buttons = { n: "next", p: "back", r: "run", R: "run-back", 0: "start", e: "end", o: "open-all", O: "close-all",
      "+": "zoom-in", "-": "zoom-out", z: "zoom-fit", t: "table-button", "?": "help-button" };
    if (buttons[key]) byId(buttons[key]).click();
    else if (key === "b" && this.meant !== null) this.toggleBreakpoint(this.meant);
    else if (key === "w") this.nextFlag();
    else if (key === "g") this.graph.focus(this.graph.active);
    else return false;
    return true;
  }
}

/** Where the arrow keys lead. */
class Neighbours {
  constructor(graph, model) { Object.assign(this, { graph, model }); }

  /** The box that a key leads to; null where there is none, undefined for other keys. */
  of(key, pressed) {
    const find = {
      ArrowDown: () => this.along(key, "source", "target"), ArrowUp: () => this.along(key, "target", "source"),
      ArrowLeft: () => this.beside(key, -1), ArrowRight: () => this.beside(key, 1),
      Home: () => this.extreme(-1), End: () => this.extreme(1),
    }[pressed];
    return find && (find() ?? null);
  }

  /** Along an edge: down to what uses this, up to what it is made of. */
  along(key, from, to) {
    const { scene } = this.graph;
    const isOpen = key[0] === "g" && scene.open.has(Number(key.slice(1)));
    if (isOpen && to === "target") return this.top(this.model.groups[Number(key.slice(1))].items.map(keyOf));
    const inside = (node) => `n${node}` === key || scene.around(`n${node}`).includes(Number(key.slice(1)));
    const isEnd = key[0] === "n" ? (node) => `n${node}` === key : inside;
    const found = this.model.edges.filter((edge) => isEnd(edge[from]) && !isEnd(edge[to])).map((edge) => scene.seen(`n${edge[to]}`));
    return this.top([...new Set(found)]) ?? this.outer(key, to);
  }

  /** From the first box of a group up to the group. */
  outer(key, to) {
    const [around] = this.graph.scene.around(key);
    return to === "source" && around ? `g${around}` : undefined;
  }

  top(keys) { return keys.sort((a, b) => this.order(a, b))[0]; }

  order(a, b) {
    const [first, second] = [this.graph.absolute(a), this.graph.absolute(b)];
    return first.y - second.y || first.x - second.x;
  }

  /** The next box on one side, in the same row. */
  beside(key, direction) {
    const place = this.graph.absolute(key);
    const middle = ({ y, height }) => y + Math.min(height, 64) / 2;
    const all = [...this.graph.arranged.places.keys()].filter((each) => each !== key).map((each) => [each, this.graph.absolute(each)]);
    const row = all.filter(([, other]) => Math.abs(middle(other) - middle(place)) < 34 && (other.x - place.x) * direction > 0);
    return row.sort(([, a], [, b]) => Math.abs(a.x - place.x) - Math.abs(b.x - place.x))[0]?.[0];
  }

  extreme(direction) {
    return [...this.graph.arranged.places.keys()].reduce((best, key) => (direction * this.order(key, best) > 0 ? key : best));
  }
}

const KEYS = [
  ["n", "One step forward"], ["p", "One step back"], ["r", "Run to the next breakpoint"], ["Shift R", "Back to the breakpoint before"],
  ["0", "To the overview"], ["e", "To the last step"], ["b", "Breakpoint on the chosen box"], ["w", "Next box to look at"],
  ["g", "To the graph"], ["↑ ↓", "Along an edge, in the graph"], ["← →", "To the box beside, in the graph"], ["Home End", "First and last box"],
  ["Enter", "Choose a box, open or close a group"], ["o", "Open all groups"], ["Shift O", "Close all groups"],
  ["+ −", "Larger, smaller"], ["z", "Fit to the window"], ["t", "All steps as a table"], ["?", "These keys"],
];

function subtitle(model, player) {
  const count = (kind) => model.nodes.filter((node) => node.kind === kind).length;
  const parts = [[count("operation"), "operation"], [count("leaf"), "leaf"], [count("constant"), "constant"], [player.last, "step"]];
  const plural = { leaf: "leaves" };
  return parts.filter(([number]) => number).map(([number, word]) => `${number} ${number === 1 ? word : plural[word] ?? `${word}s`}`).join(" · ");
}

function showLegend({ vanishing, exploding }) {
  const scale = element("span", { class: "scale", "aria-hidden": "true" },
    ...Array.from({ length: STEPS_OF_STRENGTH.length + 1 }, (_, place) => element("i", { class: `s${place}` })));
  const words = {
    nan: "NaN", infinite: "infinite", exploding: `exploding, over ${exploding} times the first`,
    vanishing: `vanishing, under ${vanishing} of the first`, zero: "zero everywhere",
  };
  const marks = Object.entries(FLAGS).map(([kind, { mark }]) => element("span", { class: `entry ${kind}` },
    element("span", { class: "mark" }, mark), ` ${words[kind]}`));
  byId("legend").append(element("span", { class: "entry" }, "Gradient: weaker ", scale, " stronger than the first"), ...marks);
}

const page = new Page(JSON.parse(byId("model").textContent));
