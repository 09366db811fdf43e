/** The report's page: one record at a time, its viewer opened when it is first shown. */

import { mount } from "./viewer.js";

const articles = [...document.querySelectorAll("article.record")];
const list = document.querySelector(".step select");
const opened = new Set();

function numberOf(hash) {
  const at = articles.findIndex((article) => `#${article.id}` === hash);
  return at < 0 ? 0 : at;
}

/** Shows one record and hides the others. */
async function show(number) {
  articles.forEach((article, i) => {
    article.hidden = i !== number;
  });
  if (list) list.value = String(number);
  document.querySelectorAll(".records tbody tr").forEach((row, i) => {
    if (i === number) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  });
  await open(articles[number]);
}

async function open(article) {
  if (opened.has(article)) return;
  opened.add(article);
  const root = article.querySelector(".viewer");
  const island = document.getElementById(`data-${article.id}`);
  if (!root || !island) return;
  const data = JSON.parse(island.textContent);
  root.addEventListener("mapchange", (event) => describe(article, data, event.detail.at));
  try {
    await mount(root, data);
    root.dataset.ready = "true";
  } catch (error) {
    root.textContent = `This browser cannot show the picture (${error.message}). The pictures lie in the folder beside this page.`;
  }
}

/** Shows what belongs to the chosen map: its words, and how relevance is shared among the leads. */
function describe(article, data, at) {
  article.querySelectorAll(".words [data-map]").forEach((words) => {
    words.hidden = Number(words.dataset.map) !== at;
  });
  const table = article.querySelector(".shares");
  const map = data.maps[at];
  if (!table || !map) return;
  table.hidden = !map.shares;
  if (!map.shares) return;
  const percent = (part) => `${(100 * part).toFixed(1)} %`;
  table.querySelector("tbody").replaceChildren(
    ...data.leads.map((lead, row) => {
      const { total, favour } = map.shares[row];
      const cells = map.kind === "signed" ? [total, favour, total - favour] : [total];
      const line = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = lead;
      line.append(head);
      for (const cell of cells) {
        const box = document.createElement("td");
        box.className = "number";
        box.textContent = percent(cell);
        line.append(box);
      }
      return line;
    }),
  );
  table.querySelectorAll("th.signed").forEach((head) => {
    head.hidden = map.kind !== "signed";
  });
  table.querySelector("h2 small").textContent = `${map.target}, ${map.method_words}`;
}

function go(number) {
  const to = Math.max(0, Math.min(articles.length - 1, number));
  if (articles[to]) location.hash = articles[to].id;
}

list?.addEventListener("change", () => go(Number(list.value)));
document.querySelector(".step .before")?.addEventListener("click", () => go(numberOf(location.hash) - 1));
document.querySelector(".step .after")?.addEventListener("click", () => go(numberOf(location.hash) + 1));
addEventListener("hashchange", () => show(numberOf(location.hash)));

addEventListener("beforeprint", () => {
  document.documentElement.classList.add("printing");
  document.querySelectorAll("article:not([hidden]) details").forEach((part) => {
    part.open = true;
  });
});
addEventListener("afterprint", () => document.documentElement.classList.remove("printing"));

show(numberOf(location.hash));
