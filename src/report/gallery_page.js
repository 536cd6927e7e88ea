const controls = document.querySelector(".controls");
const dialog = document.querySelector("dialog");
const pictures = [...document.querySelectorAll("main .picture")];
let shown = 0;

controls.hidden = false;

for (const input of controls.querySelectorAll("input")) {
  input.addEventListener("input", () => {
    const { name, value, dataset } = input;
    document.documentElement.style.setProperty(`--${name}`, value + dataset.unit);
  });
}

controls.querySelector("select")?.addEventListener("change", ({ target }) => {
  for (const item of document.querySelectorAll("[data-title]")) {
    item.hidden = target.value !== "" && item.dataset.title !== target.value;
  }
});

// Shows one picture larger than the page does.
function enlarge(index) {
  shown = index;
  const figure = pictures[shown].closest("figure");
  const copy = figure.cloneNode(true);
  const button = copy.querySelector("button");
  const picture = document.createElement("div");
  picture.className = button.className;
  picture.append(...button.childNodes);
  button.replaceWith(picture);
  const section = figure.closest("section");
  const { style } = section;
  dialog.querySelector("h2").textContent = section.querySelector("h2").textContent;
  picture.style.setProperty("--photo", style.getPropertyValue("--photo"));
  picture.style.setProperty("--aspect", style.getPropertyValue("--aspect"));
  dialog.querySelector("figure").replaceWith(copy);
  if (!dialog.open) dialog.showModal();
}

function turn(by) {
  let next = shown + by;
  while (pictures[next]?.closest("[hidden]")) next += by;
  if (pictures[next]) enlarge(next);
}

pictures.forEach((picture, index) => picture.addEventListener("click", () => enlarge(index)));
dialog.querySelector(".before").addEventListener("click", () => turn(-1));
dialog.querySelector(".after").addEventListener("click", () => turn(1));
dialog.addEventListener("keydown", ({ key }) => {
  if (key === "ArrowLeft") turn(-1);
  if (key === "ArrowRight") turn(1);
});
dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
dialog.addEventListener("close", () => pictures[shown].focus());
