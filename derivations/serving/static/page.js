// The page's script: sends what stands in the boxes, shows what comes back. It knows nothing of formulas.
// Markup is only ever what the server's own renderer wrote; whatever a person typed is put in as text.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const FIELDS = ["context", "claim", "notation", "lines"];
  const KINDS = ["claim", "latex", "python", "matlab"];
  const HINTS = {
    claim: ["An equation ", "A == B", " or a chain of them."],
    latex: ["A display, such as ", "\\nabla_w J = \\tilde a \\ast \\delta", "; below, its notation."],
    python: ["A line, such as ", "dw = signal.convolve2d(a, delta, 'valid')", "; below, what it is read as."],
    matlab: ["A line, such as ", "dw = conv2(a, delta, 'valid')", "; below, what it is read as."],
  };
  const GLYPHS = { proved: "✓", "holds where": "◐", refuted: "✗", false: "≠", undecided: "?" };
  const GROUPS = { proved: "proved", "holds where": "region", refuted: "wrong", false: "wrong", undecided: "open" };
  const TYPING = 250; // milliseconds without a key after which shapes are asked for
  let asking = null; // the question on its way, to be aborted
  let reading = null;
  let drawing = null;
  let asked = null; // the question whose answer is shown
  let layers = [];

  // -- what stands in the boxes --

  const kind = () => KINDS.find((each) => byId(`kind-${each}`).checked) || "claim";

  function question() {
    const found = { kind: kind() };
    for (const field of FIELDS) found[field] = byId(field).value;
    return found;
  }

  function fill(values) {
    for (const field of FIELDS) byId(field).value = values[field] || "";
    byId(`kind-${KINDS.includes(values.kind) ? values.kind : "claim"}`).checked = true;
    if (values.notation || values.lines) byId("more").open = true;
    hint();
  }

  function hint() {
    const [before, code, after] = HINTS[kind()];
    const shown = document.createElement("code");
    shown.textContent = code;
    byId("claim-hint").replaceChildren(before, shown, after);
    if (kind() !== "claim") byId("more").open = true;
  }

  function toFragment(values) {
    const kept = new URLSearchParams();
    for (const field of ["kind", ...FIELDS]) if (values[field] && values[field] !== "claim") kept.set(field, values[field]);
    return `#${kept}`;
  }

  function fromFragment() {
    const kept = new URLSearchParams(location.hash.slice(1));
    return kept.has("claim") || kept.has("context") ? Object.fromEntries(kept) : null;
  }

  // -- talking to the server --

  async function post(address, body, signal) {
    return fetch(address, {
      method: "POST", signal, body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
    });
  }

  async function answer(address, body, signal) {
    const response = await post(address, body, signal);
    const found = await response.json().catch(() => ({ error: `the server answered ${response.status}` }));
    if (!response.ok) throw new Error(found.error || `the server answered ${response.status}`);
    return found;
  }

  // Server-sent events by POST: EventSource can only GET, and a question is no part of an address that is logged.
  async function* events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let held = "";
    for (;;) {
      const { value, done } = await reader.read();
      held += value || "";
      for (let end; (end = held.indexOf("\n\n")) >= 0; held = held.slice(end + 2)) {
        const lines = held.slice(0, end).split("\n");
        const part = (name) => lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length)).join("\n");
        yield [part("event: "), JSON.parse(part("data: "))];
      }
      if (done) return;
    }
  }

  // -- mistakes and shapes --

  function mistakes(errors) {
    const open = document.activeElement;
    for (const field of FIELDS) {
      const mine = errors.filter((each) => each.field === field);
      const box = byId(`${field}-error`);
      box.textContent = mine.map((each) => each.text.replace(/^[a-z]+(?::(\d+):(\d+))?: /, "")).join("\n\n");
      box.hidden = !mine.length;
      box.tabIndex = mine.length ? 0 : -1;
      byId(field).setAttribute("aria-invalid", mine.length ? "true" : "false");
      if (mine.length && (field === "notation" || field === "lines")) byId("more").open = true;
    }
    if (open) open.focus({ preventScroll: true });
  }

  function row(cells, side) {
    const made = document.createElement("tr");
    cells.forEach((text, at) => {
      const cell = document.createElement(at ? "td" : "th");
      if (!at) cell.scope = "row";
      if (side && at === 0) cell.className = "side";
      cell.textContent = text;
      made.append(cell);
    });
    return made;
  }

  function shapes(found) {
    const rows = found.names.map((each) => row([each.name, each.what], false));
    found.sides.forEach((each, at) => {
      const step = found.sides.length > 1 ? ` of step ${at + 1}` : "";
      rows.push(row([`left side${step}`, each.left], true), row([`right side${step}`, each.right], true));
    });
    if (kind() !== "claim") for (const each of found.sides) rows.push(row(["read as", each.text], true));
    byId("shapes").replaceChildren(...rows);
    byId("shapes-box").hidden = !rows.length;
  }

  async function read() {
    reading?.abort();
    reading = new AbortController();
    const mine = question();
    if (!mine.context.trim() && !mine.claim.trim()) { mistakes([]); byId("shapes-box").hidden = true; return; }
    try {
      const found = await answer("/api/read", mine, reading.signal);
      mistakes(mine.claim.trim() ? found.errors : found.errors.filter((each) => each.field !== "claim"));
      shapes(found);
    } catch (error) {
      if (error.name !== "AbortError") byId("status").textContent = said(error);
    }
  }

  const said = (error) =>
    error instanceof TypeError ? "The server does not answer; is gradproof serve still running?" : error.message;

  // -- the answer --

  function clear() {
    byId("verdicts").replaceChildren();
    for (const id of ["shown", "repairs", "steps", "drawn", "sizes"]) byId(id).replaceChildren();
    byId("shown").className = "";
    for (const id of ["repairs-box", "sizes-box", "steps-box", "keep-box"]) byId(id).hidden = true;
    byId("keep-status").textContent = byId("drawn-status").textContent = "";
  }

  function working(is) {
    document.body.classList.toggle("working", is);
    byId("answer").setAttribute("aria-busy", String(is));
    byId("cancel").disabled = !is;
  }

  function verdict(found) {
    const item = document.createElement("li");
    const sign = document.createElement("span");
    sign.setAttribute("aria-hidden", "true");
    sign.className = `v-${GROUPS[found.word]}`;
    sign.textContent = `${GLYPHS[found.word]} `;
    item.append(sign, found.said);
    if (found.about) {
      const about = document.createElement("span");
      about.className = "about";
      about.textContent = ` (${found.about})`;
      item.append(about);
    }
    byId("verdicts").append(item);
    const option = document.createElement("option");
    option.value = String(byId("which").length);
    option.textContent = found.about || "the claim";
    byId("which").append(option);
    byId("which-box").hidden = byId("which").length < 2;
  }

  function repairs(found) {
    const made = found.repairs.map((each) => {
      const box = document.createElement("div");
      box.className = "repair";
      box.innerHTML = each.html; // the server's own markup
      const code = document.createElement("pre");
      code.textContent = each.text;
      code.tabIndex = 0;
      box.append(code);
      if (each.put) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = "Put it in";
        button.setAttribute("aria-label", `Put in ${each.text}`);
        button.addEventListener("click", () => {
          fill({ ...each.put, notation: asked.notation });
          byId("claim").focus();
          ask();
        });
        box.append(button);
      }
      return box;
    });
    if (!made.length && found.wanted) made.push(Object.assign(document.createElement("p"), { textContent: "None among the small changes that were tried." }));
    byId("repairs").replaceChildren(...made);
    byId("repairs-box").hidden = !made.length;
  }

  const TAKES = {
    read(found) { mistakes(found.errors); shapes(found); asked.dims = found.dims; },
    verdict(found) { verdict(found); },
    shown(found) {
      byId("shown").className = `is-${found.group}`;
      byId("shown").innerHTML = found.html; // the server's own markup
      sliders(asked.dims, found.sizes);
      byId("keep-box").hidden = false;
    },
    repairs,
    steps(found) {
      byId("steps").innerHTML = found.html; // the server's own markup
      byId("steps-box").hidden = !found.html;
    },
  };

  // What a status line says of many verdicts: the last ones, and how many there are.
  function summary(words) {
    const most = 6;
    return words.length > most ? `${words.slice(-most).join("; ")}; ${words.length} in all` : words.join("; ");
  }

  async function ask() {
    asking?.abort();
    reading?.abort();
    const mine = (asking = new AbortController());
    asked = question();
    history.replaceState(null, "", toFragment(asked));
    clear();
    byId("which").replaceChildren();
    byId("status").textContent = "Judging …";
    working(true);
    let words = [];
    let end = "";
    try {
      const response = await post("/api/ask", asked, mine.signal);
      if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error || `the server answered ${response.status}`);
      for await (const [name, found] of events(response)) {
        if (asking !== mine) return;
        if (name === "verdict") {
          words.push(found.said + (found.about ? ` (${found.about})` : ""));
          byId("status").textContent = `Verdict: ${summary(words)}. Looking further …`;
        }
        if (name === "limit" || name === "defect") end = found.said;
        if (name === "end") end = words.length ? `Verdict: ${summary(words)}.` : "Not judged: there is a mistake in the question.";
        TAKES[name]?.(found);
      }
      byId("status").textContent = end || "The answer broke off.";
      if (end && words.length && !end.startsWith("Verdict")) byId("status").textContent = `Verdict: ${summary(words)}. ${end}`;
    } catch (error) {
      if (asking !== mine) return;
      byId("status").textContent = error.name === "AbortError" ? "Cancelled." : said(error);
    }
    if (asking === mine) { asking = null; working(false); }
  }

  function cancel() { asking?.abort(); }

  // -- other sizes --

  function sliders(dims, sizes) {
    const most = 12;
    const made = dims.filter((dim) => dim.least <= most).map((dim) => {
      const label = document.createElement("label");
      const name = document.createElement("code");
      const range = document.createElement("input");
      const value = document.createElement("output");
      name.textContent = dim.name;
      range.type = "range";
      range.min = dim.least;
      range.max = most;
      range.value = Math.min(sizes[dim.name] ?? dim.least, most);
      range.dataset.name = dim.name;
      value.textContent = range.value;
      range.addEventListener("input", () => { value.textContent = range.value; later("draw", draw, 120); });
      label.append(name, range, value);
      return label;
    });
    byId("sizes").replaceChildren(...made);
    byId("sizes-box").hidden = !made.length;
  }

  async function draw() {
    drawing?.abort();
    const mine = (drawing = new AbortController());
    const sizes = {};
    for (const range of byId("sizes").querySelectorAll("input")) sizes[range.dataset.name] = Number(range.value);
    const { dims: _, ...plain } = asked;
    try {
      const number = Number(byId("which").value) || 0;
      const found = await answer("/api/draw", { question: plain, sizes, number }, mine.signal);
      byId("drawn").innerHTML = found.html; // the server's own markup
      byId("drawn-status").textContent = found.said;
    } catch (error) {
      if (error.name !== "AbortError") byId("drawn-status").textContent = said(error);
    }
  }

  // -- to keep --

  async function keep(format) {
    const { dims: _, ...plain } = asked;
    byId("keep-status").textContent = "Writing …";
    try {
      const found = await answer("/api/export", { question: plain, format });
      if (!found.text) { byId("keep-status").textContent = found.why; return; }
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([found.text], { type: "text/plain" }));
      link.download = found.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
      byId("keep-status").textContent = `${found.name} is written.`;
    } catch (error) {
      byId("keep-status").textContent = said(error);
    }
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText(location.href);
      byId("keep-status").textContent = "The link is copied; it holds the whole question.";
    } catch {
      byId("keep-status").textContent = "The address of this page is the link; it holds the whole question.";
    }
  }

  // -- examples --

  function chip(text, action) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", action);
    item.append(button);
    return item;
  }

  function press(list, at) {
    list.querySelectorAll("button").forEach((button, number) => button.setAttribute("aria-pressed", String(number === at)));
  }

  function layer(at) {
    const { title, context, claims } = layers[at];
    press(byId("examples"), at);
    byId("claims-head").textContent = `${title}: its claims`;
    byId("claims").replaceChildren(...claims.map((each, number) => chip(each.name, () => {
      press(byId("claims"), number);
      fill({ context, claim: each.claim });
      ask();
    })));
    byId("claims-box").hidden = false;
    byId("claims").querySelector("button").click();
  }

  async function examples() {
    try {
      layers = await (await fetch("/examples.json")).json();
    } catch {
      return; // the page works without
    }
    byId("examples").replaceChildren(...layers.map((each, at) => chip(each.title, () => layer(at))));
  }

  // -- what calls what --

  const timers = {};
  function later(name, action, milliseconds) {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(action, milliseconds);
  }

  for (const field of FIELDS) byId(field).addEventListener("input", () => later("read", read, TYPING));
  for (const each of KINDS) byId(`kind-${each}`).addEventListener("change", () => { hint(); later("read", read, 0); });
  byId("question").addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timers.read); ask(); });
  byId("cancel").addEventListener("click", cancel);
  byId("which").addEventListener("change", draw);
  byId("link").addEventListener("click", copy);
  for (const button of document.querySelectorAll("[data-format]")) button.addEventListener("click", () => keep(button.dataset.format));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); clearTimeout(timers.read); ask(); }
    if (event.key === "Escape" && asking) cancel();
  });
  function fromLink() {
    const found = fromFragment();
    if (!found) return;
    fill(found);
    ask();
  }
  window.addEventListener("hashchange", fromLink);
  hint();
  examples();
  fromLink();
})();
