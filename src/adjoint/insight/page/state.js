// Where the reader is: the step, and the breakpoints. Position 0 is the overview, before any step.

class Player {
  constructor(model) {
    this.steps = model.steps;
    this.position = 0;
    this.breakpoints = new Set();
    this.listeners = [];
    this.forwardCount = this.steps.filter((step) => step.pass === "forward").length;
    this.computedAt = new Map(); // by node, the position from which on it is computed
    this.passedAt = new Map(); // by node, the position from which on its gradient is known
    this.sentAt = new Map(); // by edge, the position from which on a gradient has come along
    this.stepsOf = new Map(); // by node, its positions
    this.steps.forEach((step, index) => this.note(step, index + 1, model.edges));
    this.finishInputs(model);
  }

  note(step, position, edges) {
    if (!this.stepsOf.has(step.node)) this.stepsOf.set(step.node, []);
    this.stepsOf.get(step.node).push(position);
    if (step.pass === "forward") {
      for (const node of [step.node, ...step.edges.map((edge) => edges[edge].source)]) {
        if (!this.computedAt.has(node)) this.computedAt.set(node, position);
      }
      return;
    }
    if (!this.passedAt.has(step.node)) this.passedAt.set(step.node, position);
    for (const edge of step.edges) this.sentAt.set(edge, position);
  }

  /** Leaves that nothing uses, as where a leaf is explained itself, are there from the start. */
  finishInputs(model) {
    model.nodes.forEach((_, node) => { if (!this.computedAt.has(node)) this.computedAt.set(node, 1); });
  }

  get step() { return this.position ? this.steps[this.position - 1] : null; }
  get last() { return this.steps.length; }
  get isOverview() { return this.position === 0; }

  isComputed(node) { return this.isOverview || this.position >= this.computedAt.get(node); }
  isPassed(node) { return this.isOverview || this.position >= (this.passedAt.get(node) ?? Infinity); }
  isSent(edge) { return this.isOverview ? this.sentAt.has(edge) : this.position >= (this.sentAt.get(edge) ?? Infinity); }

  /** Go to a position, and tell the listeners from where. */
  go(position) {
    const to = Math.max(0, Math.min(this.last, position));
    if (to === this.position) return;
    const from = this.position;
    this.position = to;
    for (const listener of this.listeners) listener(from, to);
  }

  /** The position of the next breakpoint in a direction, else the end on that side. */
  nextStop(direction) {
    for (let at = this.position + direction; at > 0 && at <= this.last; at += direction) {
      if (this.breakpoints.has(this.steps[at - 1].node)) return at;
    }
    return direction > 0 ? this.last : 0;
  }

  toggleBreakpoint(node) {
    if (!this.breakpoints.delete(node)) this.breakpoints.add(node);
    return this.breakpoints.has(node);
  }
}
