"use strict";
(() => {
  const form = document.querySelector(".filter"), list = document.getElementById("list");
  const items = [...list.querySelectorAll(".ex")], out = form.querySelector("output");
  const pager = document.querySelector(".pager"), PAGE = 30;
  if (!items.length) return;
  const texts = items.map((item) => item.textContent.toLowerCase());
  let limit = PAGE;
  form.hidden = false;

  const words = (text) => (text || "").split(" ").filter(Boolean);
  const matches = (item, i, want) =>
    (!want.q || want.q.toLowerCase().split(/\s+/).every((word) => texts[i].includes(word))) &&
    (!want.action || item.dataset.action === want.action) &&
    (!want.domain || item.dataset.domain === want.domain) &&
    (!want.dataset || item.dataset.dataset === want.dataset) &&
    (!want.rule || words(item.dataset.rules).includes(want.rule)) &&
    (!want.dim || words(item.dataset.dims).includes(want.dim));

  const show = () => {
    const want = Object.fromEntries(new FormData(form));
    let found = 0;
    items.forEach((item, i) => {
      const fits = matches(item, i, want);
      item.hidden = !fits || found >= limit;
      found += fits ? 1 : 0;
    });
    out.textContent = found === items.length ? `${items.length} examples` : `${found} of ${items.length} examples`;
    pager.hidden = found <= limit;
  };
  const restart = () => { limit = PAGE; show(); };

  form.addEventListener("input", restart);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(restart));
  document.getElementById("more").addEventListener("click", () => { limit += PAGE * 3; show(); });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-filter]");
    if (!link) return;
    form.reset();
    for (const [name, value] of Object.entries(JSON.parse(link.dataset.filter))) {
      const field = form.elements[name];
      if (!field) continue;
      if (![...field.options].some((option) => option.value === value)) field.add(new Option(value, value));
      field.value = value;
    }
    setTimeout(restart);
  });

  // A link to one example must find it, whatever the filter says.
  const reveal = () => {
    const item = /^#ex-\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (!item) return;
    if (item.hidden) { form.reset(); limit = items.length; show(); }
    item.open = true;
    item.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", reveal);

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("#rules details:not([open])")];
    closed.forEach((item) => { item.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((item) => { item.open = false; }));

  show();
  setTimeout(reveal);
})();
