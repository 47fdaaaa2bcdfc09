// Elements are made here and nowhere else: text goes in as text, never as
// markup, so that nothing of the data can become part of the page.

// el makes an element. Properties that begin with "on" are listeners, "class"
// and names with a dash are attributes, all others properties. Children are
// elements or texts; what is null or false is left out.
export function el(name, props = {}, ...children) {
  return fill(document.createElement(name), props, children);
}

const svgSpace = "http://www.w3.org/2000/svg";

// svg makes an element of a picture; all props are attributes.
export function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(svgSpace, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.filter(Boolean));
  return node;
}

function fill(node, props, children) {
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class" || key === "role" || key === "for" || key === "colspan" || key.includes("-")) node.setAttribute(key, value === true ? "" : value);
    else node[key] = value;
  }
  put(node, ...children);
  return node;
}

// put adds children to a node.
export function put(node, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
}

// replace makes children all that a node holds.
export function replace(node, ...children) {
  node.replaceChildren();
  put(node, ...children);
}

// setText changes a text only if it is another one, so that readers of the
// page are not told of changes that are none.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const announcer = document.getElementById("announcer");

// announce tells those who cannot see the page.
export function announce(text) {
  setText(announcer, text);
}
