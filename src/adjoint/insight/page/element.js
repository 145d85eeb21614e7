// Making elements. Text is only ever set as text, so nothing of an explained program is read as HTML.

const SVG = "http://www.w3.org/2000/svg";
const MATHML = "http://www.w3.org/1998/Math/MathML";

/** An HTML element with attributes, and children that are elements or text. */
function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element. */
function shape(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A button with a text and what it does. */
function button(text, action, attributes = {}) {
  return element("button", { type: "button", onclick: action, ...attributes }, text);
}

const MATH_TAGS = new Set(
  ("mrow mi mn mo mtext mfrac msqrt mroot msup msub msubsup mover munder munderover mspace mtable mtr mtd mfenced mstyle mpadded")
    .split(" "));
const MATH_ATTRIBUTES = new Set(["mathvariant", "width", "open", "close", "displaystyle", "columnalign"]);

/** A formula, from its MathML as text: of that only MathML's own elements are taken. */
function math(text) {
  const parsed = new DOMParser().parseFromString(`<math>${text}</math>`, "application/xml").documentElement;
  const made = document.createElementNS(MATHML, "math");
  if (parsed.querySelector("parsererror")) made.append(text);
  else made.append(...copied(parsed.childNodes));
  return made;
}

function copied(nodes) {
  return [...nodes].flatMap((node) => {
    if (node.nodeType === Node.TEXT_NODE) return [node.data];
    if (!MATH_TAGS.has(node.localName)) return copied(node.childNodes);
    const made = document.createElementNS(MATHML, node.localName);
    for (const { name, value } of node.attributes) if (MATH_ATTRIBUTES.has(name)) made.setAttribute(name, value);
    made.append(...copied(node.childNodes));
    return [made];
  });
}

const byId = (id) => document.getElementById(id);
