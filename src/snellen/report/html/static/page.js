// Draws what the page holds: the maps and numbers of the chosen layer at the chosen step, and the
// charts. Everything it shows was put into the page by Python, and goes in as text, never as HTML.
(() => {
  "use strict";

  const data = JSON.parse(document.getElementById("page-data").textContent);
  const at = (id) => document.getElementById(id);
  const stage = at("stage");
  const slider = at("step");
  const state = { id: null, look: 0, channel: 0, timer: null, charts: [] };

  const element = (tag, classes, text) => {
    const made = document.createElement(tag);
    if (classes) made.className = classes;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const layer = () => data.layers[state.id];
  const model = () => data.models[Number(article(state.id).dataset.model)];
  const article = (id) => at(id);

  // ---- numbers and words ------------------------------------------------------------------------

  // The health of every channel: "3a1d" is three alive, one dead.
  const healths = (runs) =>
    [...runs.matchAll(/(\d+)([a-z])/g)].flatMap(([, n, code]) => Array(Number(n)).fill(code));

  const LAST = data.words.levels.length - 1;
  function share(level, of) {
    const place = data.words.levels.indexOf(level);
    if (place < 0) return "not measured, or nothing to take a share of";
    return `${percent(place)} of ${of}`;
  }
  function percent(place) {
    if (place === 0) return "0%";
    if (place === LAST) return "100%";
    const value = (100 * (place - 0.5)) / (LAST - 1);
    return value < 1.5 ? "under 2%" : value > 98.5 ? "over 98%" : `about ${Math.round(value)}%`;
  }
  const amount = (value) => (value === null ? "not finite" : String(Number(value.toPrecision(3))));

  // ---- sprites ----------------------------------------------------------------------------------

  const address = (sprite) => `url("data:image/png;base64,${sprite[4]}")`;
  function place(tile, sprite, column, row) {
    const [columns, rows, width, height] = sprite;
    tile.style.backgroundSize = `${100 * columns}% ${100 * rows}%`;
    tile.style.backgroundPosition =
      `${columns > 1 ? (100 * column) / (columns - 1) : 0}% ${rows > 1 ? (100 * row) / (rows - 1) : 0}%`;
    tile.style.aspectRatio = `${width} / ${height}`;
  }
  function showImage(tile, of, number) {
    const column = of.images ? of.numbers.indexOf(number) : -1;
    if (column < 0) return false;
    place(tile, of.images, column, 0);
    tile.style.backgroundImage = address(of.images);
    return true;
  }
  // The newest step at or before this one, of those that pictures were kept of.
  const newest = (steps, step) => steps.filter((s) => s <= step).pop() ?? steps[0];
  const ascending = (table) => Object.keys(table).map(Number).sort((a, b) => a - b);

  // ---- one layer --------------------------------------------------------------------------------

  function open(id, { focus = false, channel = null, step = null } = {}) {
    if (!data.layers[id]) return;
    const changed = state.id !== id;
    state.id = id;
    for (const one of document.querySelectorAll("article.layer")) one.hidden = one.id !== id;
    for (const link of document.querySelectorAll("[data-layer]")) {
      if (link.dataset.layer === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    article(id).after(stage);
    stage.hidden = false;
    const shown = layer();
    if (changed) {
      stop();
      slider.max = String(Math.max(shown.steps.length - 1, 0));
      slider.disabled = shown.steps.length < 2;
      at("play").disabled = slider.disabled;
      state.look = Math.max(shown.steps.length - 1, 0);
      state.channel = firstFaulty(shown);
      build();
    }
    if (step !== null) state.look = Math.max(0, shown.steps.findLastIndex((s) => s <= step));
    if (channel !== null) state.channel = channel;
    scrub();
    if (changed) drawLayerCharts();
    const ids = Object.keys(data.layers);
    at("previous").disabled = ids.indexOf(id) === 0;
    at("next").disabled = ids.indexOf(id) === ids.length - 1;
    if (focus) article(id).querySelector("h3").focus({ preventScroll: true });
  }

  function firstFaulty(shown) {
    const last = healths(shown.health.at(-1) ?? "");
    return Math.max(last.findIndex((code) => code !== "a" && code !== "u"), 0);
  }

  // The tiles and buttons of a layer, without what changes from step to step.
  function build() {
    const shown = layer();
    const { images, channels } = shown.maps;
    const steps = ascending(shown.maps.sprites);
    at("maps-frame").hidden = !steps.length;
    at("maps-hint").textContent = channels.length < shown.size
      ? `Pictures of the first ${channels.length} of ${shown.size} channels; black is the layer's lowest value, white its highest at this step.`
      : "Black is the layer's lowest value, white its highest at this step.";
    const grid = at("maps");
    grid.replaceChildren();
    if (steps.length) {
      const pictured = model().images !== null;
      const columns = channels.length + (pictured ? 1 : 0);
      grid.style.gridTemplateColumns = `repeat(${columns}, minmax(2.1rem, 5rem))`;
      images.forEach((image, row) => {
        if (pictured) {
          const tile = element("span", "tile image");
          const picture = element("span", "map");
          if (showImage(picture, model(), image)) {
            picture.setAttribute("role", "img");
            picture.setAttribute("aria-label", `Probe image ${image}`);
          }
          tile.append(picture, element("span", "", "image"));
          grid.append(tile);
        }
        channels.forEach((channel, column) => {
          const tile = element("button", "tile");
          tile.type = "button";
          tile.dataset.channel = channel;
          tile.dataset.image = image;
          const map = element("span", "map");
          place(map, shown.maps.sprites[steps[0]], column, row);
          const sign = element("span", "sign");
          sign.hidden = true;
          map.append(sign);
          tile.append(map, element("span", "", String(channel)));
          grid.append(tile);
        });
      });
    }
    const twins = new Map(shown.twins.map(([c, other, r]) => [c, [other, r]]));
    at("channels").replaceChildren(...Array.from({ length: shown.size }, (_, channel) => {
      const button = element("button", "sign");
      button.type = "button";
      button.dataset.channel = channel;
      if (twins.has(channel)) button.dataset.twin = twins.get(channel)[0];
      return button;
    }));
    const filters = at("filters");
    filters.replaceChildren();
    const kept = ascending(shown.filters);
    at("filters-frame").hidden = !kept.length;
    if (kept.length) {
      const sprite = shown.filters[kept[0]];
      for (let column = 0; column < sprite[0]; column++) {
        const tile = element("span");
        place(tile, sprite, column, 0);
        filters.append(tile);
      }
    }
  }

  // Everything that changes with the step: maps, marks, numbers and the rules in the charts.
  function scrub() {
    const shown = layer();
    const step = shown.steps[state.look];
    slider.value = String(state.look);
    if (step === undefined) {
      at("step-said").textContent = "–";
      at("tally").textContent = "This layer was never looked at.";
      at("channel").replaceChildren(element("p", "hint", "Nothing is known of its channels."));
      return;
    }
    at("step-said").textContent = String(step);
    slider.setAttribute("aria-valuetext", `after step ${step}`);
    const now = healths(shown.health[state.look]);
    const counts = new Map();
    for (const code of now) counts.set(code, (counts.get(code) ?? 0) + 1);
    at("tally").textContent = `After step ${step}, on ${shown.images[state.look]} probe images: ` +
      Object.keys(data.words.health).filter((c) => counts.has(c))
        .map((c) => `${counts.get(c)} ${data.words.health[c][0]}`).join(", ");

    const steps = ascending(shown.maps.sprites);
    if (steps.length) {
      const pictured = newest(steps, step);
      const image = address(shown.maps.sprites[pictured]);
      const [low, high] = shown.maps.scale[pictured];
      at("maps-when").textContent =
        `${pictured === step ? "" : `as of step ${pictured}; `}${amount(low)} to ${amount(high)}`;
      for (const tile of at("maps").querySelectorAll("button")) {
        const channel = Number(tile.dataset.channel);
        mark(tile, now[channel], channel, "tile", `map of channel ${channel} for image ${tile.dataset.image}`);
        tile.firstChild.style.backgroundImage = image;
        const [, sign, , kind] = data.words.health[now[channel]];
        const corner = tile.querySelector(".sign");
        corner.hidden = now[channel] === "a" || now[channel] === "u";
        corner.className = `sign ${kind}`;
        corner.textContent = sign;
      }
    }
    for (const button of at("channels").children) {
      const channel = Number(button.dataset.channel);
      const twin = button.dataset.twin;
      mark(button, now[channel], channel, twin ? "sign twin" : "sign", `channel ${channel}`);
      button.textContent = data.words.health[now[channel]][1];
    }
    const kept = ascending(shown.filters);
    if (kept.length) {
      const then = newest(kept, step);
      at("filters-when").textContent = then === 0 ? "before training" : `after step ${then}`;
      for (const tile of at("filters").children) tile.style.backgroundImage = address(shown.filters[then]);
    }
    describe(now);
    for (const view of state.charts) view.signal("at", step).runAsync();
  }

  function mark(button, code, channel, classes, said) {
    const [name, , , kind] = data.words.health[code];
    button.className = `${classes} ${kind}`;
    button.title = `${said}: ${name}`;
    button.setAttribute("aria-label", `${said}: ${name}`);
    button.setAttribute("aria-pressed", String(channel === state.channel));
  }

  // What is known of the chosen channel at this step.
  function describe(now) {
    const box = at("channel");
    const shown = layer();
    const channel = state.channel;
    const [name, sign, meaning] = data.words.health[now[channel]];
    const title = element("h5", "", `Channel ${channel}: ${name} ${sign}`);
    const list = element("dl");
    const row = (term, said) => list.append(element("dt", "", term), element("dd", "", said));
    row("means", meaning);
    const column = shown.channels.indexOf(channel);
    if (column >= 0) {
      const look = state.look;
      row("active on", share(shown.active[look][column], "images"));
      row("varies with the image", share(shown.varying[look][column], "its energy"));
      if (shown.beyond[look][column] !== ".") row("at its limits", share(shown.beyond[look][column], "values"));
      row("strength (rms)", amount(shown.rms[look][column]));
    } else {
      row("numbers", "left out of this page to keep it small; the run file has them");
    }
    const twin = shown.twins.find(([c]) => c === channel);
    if (twin) row("same as", `channel ${twin[1]} (correlation ${amount(twin[2])}, at the last such look)`);
    box.replaceChildren(title, list);
  }

  // ---- charts -----------------------------------------------------------------------------------

  // Colours by their name in the style sheet, so that they follow it from light to dark and onto
  // paper. Only a gradient needs to know what they are.
  const colour = (name) => `var(--${name})`;
  const mixed = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  function theme() {
    const [ink, soft, line] = ["ink", "soft", "line"].map(colour);
    const font = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
    const gradient = ["heat-0", "heat-1"].map(mixed);
    return {
      background: "transparent",
      font,
      view: { stroke: "transparent" },
      axis: {
        labelColor: soft, titleColor: soft, domainColor: line, tickColor: line, gridColor: line,
        titleFontWeight: 400, labelFontSize: 11, titleFontSize: 11.5,
      },
      axisY: { minExtent: 46 },
      legend: { labelColor: ink, titleColor: soft, titleFontWeight: 400, labelLimit: 260 },
      range: { category: ["chart-1", "chart-2", "chart-3", "note"].map(colour), heatmap: gradient, ramp: gradient },
      line: { color: colour("chart-1") },
      area: { color: colour("chart-1") },
      bar: { color: colour("alive") },
      point: { color: colour("chart-1") },
      rule: { color: soft },
      text: { color: soft, fontSize: 11 },
    };
  }
  // Severities have colours of the page; a specification can't know light from dark.
  function coloured(spec) {
    const copy = structuredClone(spec);
    const visit = (node) => {
      if (!node || typeof node !== "object") return;
      const scale = node.color && node.color.scale;
      if (scale && Array.isArray(scale.domain) && scale.domain[0] === "error") {
        scale.range = ["error", "warning", "note"].map(colour);
      }
      if (node.mark && node.mark.type === "rect" && node.mark.filled === false) node.mark.stroke = colour("dead");
      Object.values(node).forEach(visit);
    };
    visit(copy);
    return copy;
  }

  async function draw(place, name, rows, parameters = {}) {
    if (place.view) place.view.finalize();
    place.view = null;
    if (!rows || !rows.length) {
      place.replaceChildren(element("p", "hint", "Not measured."));
      return null;
    }
    const spec = coloured(data.charts[name]);
    spec.datasets = { ...spec.datasets, rows };
    const each = spec.usermeta?.pixels_per_class;
    if (each) spec.height = each * new Set(rows.map((row) => row.class)).size;
    for (const one of spec.params ?? []) if (one.name in parameters) one.value = parameters[one.name];
    const { view } = await window.vegaEmbed(place, spec, {
      ast: true, // Expressions are interpreted: the page allows no eval.
      renderer: "svg",
      logLevel: 1, // Errors: that a run has no row of some kind is worth no warning.
      actions: false,
      defaultStyle: false,
      tooltip: { disableDefaultStyle: true },
      config: theme(),
    });
    // The chart as a whole has its caption for a name; hundreds of marks without one would only
    // be in the way.
    place.querySelector("svg").setAttribute("aria-hidden", "true");
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", place.closest("figure").querySelector("figcaption").innerText);
    place.view = view;
    return view;
  }

  function classRows(classes) {
    return classes.classes.flatMap((number, row) => classes.channels.map((channel, column) => {
      const level = data.words.levels.indexOf(classes.shares[row][column]);
      const silent = classes.silent[row][column] === "1";
      return { class: number, channel, share: Math.max(level, 0) / LAST, silent, said: silent ? "silent on every image" : "answers" };
    }));
  }

  const leftOut = ([channels, classes]) =>
    (channels ? `; ${channels} channels are left out` : "") + (classes ? `; ${classes} classes are left out` : "");
  const spreadRows = (columns) => columns.map(([step, least, low, middle, high, most]) =>
    ({ step, least, low, middle, high, most }));
  const learningRows = (series) => Object.entries(series).flatMap(([name, [steps, values]]) =>
    steps.map((step, place) => ({ series: name, step, value: values[place] })));

  let turn = 0;
  async function drawLayerCharts() {
    const mine = ++turn;
    const shown = layer();
    const step = shown.steps[state.look] ?? 0;
    state.charts = [];
    const classes = shown.classes;
    at("classes-frame").hidden = !classes;
    if (classes) {
      at("classes-said").textContent =
        `How strongly each channel answers to each class, at step ${classes.step}; outlined: silent on every image of the class` +
        ` (${classes.silent_pairs} such pairs)${leftOut(classes.left_out)}`;
    }
    const made = await Promise.all([
      draw(at("chart-spread"), "spread", spreadRows(shown.spread), { at: step }),
      draw(at("chart-learning"), "learning", learningRows(shown.learning), { at: step }),
      classes ? draw(at("chart-classes"), "classes", classRows(classes)) : null,
    ]);
    if (mine !== turn) return;
    state.charts = made.slice(0, 2).filter(Boolean);
    const now = layer().steps[state.look] ?? 0;
    if (now !== step) for (const view of state.charts) view.signal("at", now).runAsync();
  }

  const fixed = [...document.querySelectorAll("[data-chart]")];
  function drawFixed(place) {
    place.drawn = true;
    return draw(place, place.dataset.chart, data.models[Number(place.dataset.model)].charts[place.dataset.rows]);
  }
  // Charts far down wait until the page has nothing else to do.
  const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 1));
  async function drawRest() {
    const place = fixed.find((one) => !one.drawn);
    if (!place) {
      document.documentElement.dataset.drawn = "all";
      return;
    }
    await drawFixed(place);
    whenIdle(drawRest);
  }

  // ---- what the reader does ---------------------------------------------------------------------

  function stop() {
    clearInterval(state.timer);
    state.timer = null;
    at("play").setAttribute("aria-pressed", "false");
    at("play").querySelector(".label").textContent = "Play";
  }
  function play() {
    if (state.timer) return stop();
    const last = layer().steps.length - 1;
    if (state.look >= last) state.look = 0;
    at("play").setAttribute("aria-pressed", "true");
    at("play").querySelector(".label").textContent = "Stop";
    scrub();
    state.timer = setInterval(() => {
      state.look += 1;
      scrub();
      if (state.look >= last) stop();
    }, 600);
  }
  function beside(offset) {
    const ids = Object.keys(data.layers);
    const id = ids[ids.indexOf(state.id) + offset];
    if (id) location.hash = id;
  }
  function choose(event) {
    const button = event.target.closest("button[data-channel]");
    if (!button) return;
    state.channel = Number(button.dataset.channel);
    scrub();
  }
  // What the next change of the address is to show of its layer.
  let asked = {};
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#layer-"]');
    if (!link) return;
    asked = {
      channel: link.dataset.channel === undefined ? null : Number(link.dataset.channel),
      step: link.dataset.step === undefined ? null : Number(link.dataset.step),
    };
    // The same address again changes nothing by itself.
    if (link.hash === location.hash) arrive();
  });
  function arrive() {
    const id = decodeURIComponent(location.hash.slice(1));
    if (data.layers[id]) {
      open(id, { focus: true, ...asked });
      article(id).scrollIntoView({ block: "start" });
    } else {
      const target = id && document.getElementById(id);
      for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
      if (target) target.scrollIntoView({ block: "start" });
    }
    asked = {};
  }

  slider.addEventListener("input", () => {
    stop();
    state.look = Number(slider.value);
    scrub();
  });
  at("play").addEventListener("click", play);
  at("previous").addEventListener("click", () => beside(-1));
  at("next").addEventListener("click", () => beside(1));
  at("maps").addEventListener("click", choose);
  at("channels").addEventListener("click", choose);
  window.addEventListener("hashchange", arrive);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (state.id) drawLayerCharts();
  });

  // ---- the beginning ----------------------------------------------------------------------------

  for (const thumb of document.querySelectorAll(".thumb")) {
    showImage(thumb, data.models[Number(thumb.dataset.model)], Number(thumb.dataset.image));
  }
  const flagged = [...document.querySelectorAll(".strip [data-layer]")];
  const worst = ["error", "warning", "note"]
    .map((severity) => flagged.find((link) => link.querySelector(`.flag.${severity}`)))
    .find(Boolean) ?? flagged[0];
  if (worst) open(worst.dataset.layer);
  if (location.hash) arrive();
  document.documentElement.dataset.ready = "yes";
  performance.mark("ready");
  whenIdle(drawRest);
})();
