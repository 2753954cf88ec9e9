"use strict";
/* The moving map. Everything it draws is in the page's own JSON; it asks the network for nothing. */
const plumeline = (function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const words = data.words;
  const CIVIDIS = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56]];
  const VERMILION = "#d55e00";

  function colour(share) {
    const at = Math.max(0, Math.min(1, share)) * (CIVIDIS.length - 1);
    const low = Math.floor(at), high = Math.min(low + 1, CIVIDIS.length - 1), f = at - low;
    const mix = CIVIDIS[low].map((v, i) => Math.round(v + f * (CIVIDIS[high][i] - v)));
    return "rgb(" + mix.join(",") + ")";
  }
  function bytes(text) {
    const raw = atob(text), out = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
    return out;
  }
  function sig(value) {
    if (value === null || !isFinite(value)) return "–";
    if (value === 0) return "0";
    const digits = Math.max(0, Math.min(8, 1 - Math.floor(Math.log10(Math.abs(value)))));
    return String(parseFloat(value.toPrecision(2)).toFixed(digits));
  }
  function element(name, text, css) {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    if (css) node.className = css;
    return node;
  }
  function table(heading, rows) {
    const box = element("div", undefined, "pop"), body = element("table");
    if (heading) box.appendChild(element("h4", heading));
    for (const [name, value] of rows) {
      if (value === undefined || value === "") continue;
      const row = element("tr");
      row.appendChild(element("th", name));
      row.appendChild(element("td", value));
      body.appendChild(row);
    }
    box.appendChild(body);
    return box;
  }
  function toLocal(at) {
    const s = data.scale;
    return [(at.lng - s.lon) * s.m_per_lon, (at.lat - s.lat) * s.m_per_lat];
  }
  function toMap(x, y) {
    const s = data.scale;
    return [s.lat + y / s.m_per_lat, s.lon + x / s.m_per_lon];
  }

  document.getElementById("map-box").hidden = false;
  document.getElementById("sketch").hidden = true;
  const map = L.map("map", {
    crs: data.placed ? L.CRS.EPSG3857 : L.CRS.Simple,
    minZoom: data.placed ? 4 : -6, maxZoom: data.placed ? 23 : 6, zoomSnap: 0.5, preferCanvas: true, 
    zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false, attributionControl: false
  });
  map.fitBounds(data.view, { animate: false });
  const credits = [data.placed ? words.attribution_world : "", data.site ? words.attribution_site.replace("{name}", data.site.name) : ""];
  L.control.attribution({ prefix: "Leaflet 1.9.4" }).addAttribution(credits.filter(Boolean).join(" · ")).addTo(map);
  L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
  for (const [name, index] of [["under", 250], ["overlay", 350], ["grid", 300]]) map.createPane(name).style.zIndex = index;
  map.getPane("grid").style.pointerEvents = "none";
  map.getPane("under").style.pointerEvents = "none";
  const layers = {};

  /* Countries, for where on Earth this is. */
  if (data.countries) {
    const group = L.layerGroup(), canvas = L.canvas({ pane: "under" }), labels = L.layerGroup();
    for (const country of data.countries) {
      L.polygon(country.rings, { renderer: canvas, pane: "under", interactive: false, color: "#8b97a5", weight: 1, fillColor: "#fbfaf5", fillOpacity: 1 }).addTo(group);
      L.marker(country.at, { pane: "grid", interactive: false, keyboard: false, icon: L.divIcon({ className: "country-label", html: element("span", country.name), iconSize: null }) }).addTo(labels);
    }
    function showLabels() { if (map.getZoom() <= 8) group.addLayer(labels); else group.removeLayer(labels); }
    map.on("zoomend", showLabels); showLabels();
    layers[words.layer_countries] = group.addTo(map);
  }

  /* The user's own map of the site. */
  if (data.site) {
    const group = L.layerGroup(), canvas = L.canvas({ pane: "under" });
    for (const image of data.site.images) L.imageOverlay(image.data, image.bounds, { pane: "under" }).addTo(group);
    for (const area of data.site.areas) L.polygon(area.at, { renderer: canvas, pane: "under", interactive: false, color: "#a79f92", weight: 1, fillColor: "#d9d2c7", fillOpacity: .85 }).addTo(group);
    for (const line of data.site.lines) L.polyline(line.at, { renderer: canvas, pane: "under", interactive: false, color: "#b9b3a6", weight: 2.5 }).addTo(group);
    for (const point of data.site.points) L.circleMarker(point.at[0], { renderer: canvas, pane: "under", interactive: false, radius: 2.5, color: "#7d766a", weight: 1 }).addTo(group);
    for (const item of [...data.site.areas, ...data.site.points]) if (item.label) {
      const at = item.at.length > 1 ? L.latLngBounds(item.at).getCenter() : item.at[0];
      L.marker(at, { pane: "grid", interactive: false, keyboard: false, icon: L.divIcon({ className: "site-label", html: element("span", item.label), iconSize: null }) }).addTo(group);
    }
    layers[words.layer_site] = group.addTo(map);
  }

  /* A grid in metres, drawn anew for what is in view. */
  const grid = L.layerGroup();
  function drawGrid() {
    grid.clearLayers();
    const view = map.getBounds(), [west, south] = toLocal(view.getSouthWest()), [east, north] = toLocal(view.getNorthEast());
    if (!(east - west < 60000)) return;
    const raw = (east - west) / Math.max(3, map.getSize().x / 110), power = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= raw);
    const style = { pane: "grid", interactive: false, color: "#7c8896", weight: .7, opacity: .45 };
    function label(at, text, anchor) {
      L.marker(at, { pane: "grid", interactive: false, keyboard: false, icon: L.divIcon({ className: "grid-label", html: element("span", text), iconSize: null, iconAnchor: anchor }) }).addTo(grid);
    }
    for (let i = Math.ceil(west / step); i * step <= east; i++) {
      L.polyline([toMap(i * step, south), toMap(i * step, north)], style).addTo(grid);
      label(toMap(i * step, north), parseFloat((i * step).toPrecision(8)) + " m", [-3, 0]);
    }
    for (let i = Math.ceil(south / step); i * step <= north; i++) {
      L.polyline([toMap(west, i * step), toMap(east, i * step)], style).addTo(grid);
      label(toMap(west, i * step), parseFloat((i * step).toPrecision(8)) + " m", [-3, 14]);
    }
  }
  map.on("moveend resize", drawGrid); drawGrid();
  layers[words.layer_grid] = grid.addTo(map);

  /* What could have been seen: grey hatching where a source of the chosen rate would have been missed. */
  const limit = data.detectability, limitLevels = limit.bytes.map(bytes);
  const limitView = L.latLngBounds(limit.bounds);
  let species = 0;
  const overlay = L.imageOverlay("data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=", limitView, { pane: "overlay" });
  function drawLimit(rate) {
    const level = limitLevels[species], size = Math.max(4, Math.min(12, Math.floor(1200 / limit.columns)));
    const canvas = document.createElement("canvas"), c = canvas.getContext("2d");
    canvas.width = limit.columns * size; canvas.height = limit.rows * size;
    const bound = 254 * (Math.log10(rate) - limit.low) / (limit.high - limit.low);
    let seen = 0;
    c.fillStyle = "rgba(60,66,76,.16)"; c.strokeStyle = "rgba(60,66,76,.5)"; c.lineWidth = 1;
    for (let row = 0; row < limit.rows; row++) for (let column = 0; column < limit.columns; column++) {
      const value = level[row * limit.columns + column];
      if (value < 255 && value <= bound + 1e-9) { seen++; continue; }
      const x = column * size, y = (limit.rows - 1 - row) * size;
      c.fillRect(x, y, size, size);
      c.beginPath(); c.moveTo(x, y + size); c.lineTo(x + size, y); c.stroke();
    }
    overlay.setUrl(canvas.toDataURL());
    return seen / (limit.rows * limit.columns);
  }
  function limitAt(at) {
    if (!limitView.contains(at)) return undefined;
    const [[south, west], [north, east]] = limit.bounds;
    const column = Math.min(limit.columns - 1, Math.floor((at.lng - west) / (east - west) * limit.columns));
    const row = Math.min(limit.rows - 1, Math.floor((at.lat - south) / (north - south) * limit.rows));
    const value = limitLevels[species][row * limit.columns + column];
    return value === 255 ? Infinity : Math.pow(10, limit.low + value / 254 * (limit.high - limit.low));
  }
  const edge = L.rectangle(limitView, { color: "#5b6676", weight: 1, dashArray: "2 5", fill: false, interactive: false });
  layers[words.layer_detectability] = L.layerGroup([overlay, edge]).addTo(map);
  const slider = document.getElementById("slider"), choose = document.getElementById("slider-species");
  limit.species.forEach((name, i) => { const o = element("option", name); o.value = i; choose.appendChild(o); });
  function rateOf(step) {
    const low = Math.floor(limit.low), high = Math.max(low + 1, Math.ceil(limit.high));
    return Math.pow(10, low + (high - low) * step / 200);
  }
  function moved() {
    const rate = rateOf(Number(slider.value)), share = drawLimit(rate);
    document.getElementById("slider-rate").textContent = sig(rate);
    document.getElementById("slider-share").textContent = words.slider_share.replace("{share}", (100 * share).toFixed(0));
  }
  slider.addEventListener("input", () => { const group = layers[words.layer_detectability]; if (!map.hasLayer(group)) group.addTo(map); moved(); });
  choose.addEventListener("change", () => { species = Number(choose.value); moved(); });
  function startAt(rate) {
    const low = Math.floor(limit.low), high = Math.max(low + 1, Math.ceil(limit.high));
    slider.value = Math.round(200 * Math.max(0, Math.min(1, (Math.log10(rate) - low) / (high - low))));
  }
  const finite = Array.from(limitLevels[0]).filter(v => v < 255).sort((a, b) => a - b);
  startAt(finite.length ? Math.pow(10, limit.low + finite[Math.floor(.75 * finite.length)] / 254 * (limit.high - limit.low)) : 1);
  moved();

  /* Posterior density. */
  if (data.density) {
    const d = data.density, level = bytes(d.bytes), canvas = document.createElement("canvas"), c = canvas.getContext("2d");
    canvas.width = d.columns; canvas.height = d.rows;
    const image = c.createImageData(d.columns, d.rows);
    for (let row = 0; row < d.rows; row++) for (let column = 0; column < d.columns; column++) {
      const value = level[row * d.columns + column] / 254, at = 4 * ((d.rows - 1 - row) * d.columns + column);
      image.data[at] = 213; image.data[at + 1] = 94; image.data[at + 2] = 0;
      image.data[at + 3] = value < .02 ? 0 : Math.round(200 * Math.sqrt(value));
    }
    c.putImageData(image, 0, 0);
    layers[words.layer_density] = L.imageOverlay(canvas.toDataURL(), d.bounds, { pane: "overlay" }).addTo(map);
  }

  /* Track and wind. */
  if (data.track.length) {
    const group = L.layerGroup();
    for (const piece of data.track) L.polyline(piece.line, { color: "#5b6676", weight: 1.2, opacity: .7, interactive: false }).addTo(group);
    layers[words.layer_track] = group.addTo(map);
  }
  if (data.wind.length) {
    const group = L.layerGroup(), [[s, w], [n, e]] = data.view;
    const [x0, y0] = toLocal({ lat: s, lng: w }), [x1, y1] = toLocal({ lat: n, lng: e });
    const fastest = Math.max(...data.wind.map(a => Math.hypot(a.east_m_s, a.north_m_s)), .1);
    const unit = .09 * Math.max(x1 - x0, y1 - y0) / fastest;
    for (const a of data.wind) {
      const [x, y] = toLocal({ lat: a.at[0], lng: a.at[1] }), dx = a.east_m_s * unit, dy = a.north_m_s * unit;
      const tip = [x + dx, y + dy], line = [toMap(x, y), toMap(...tip)];
      const left = toMap(tip[0] - .28 * dx - .16 * dy, tip[1] - .28 * dy + .16 * dx), right = toMap(tip[0] - .28 * dx + .16 * dy, tip[1] - .28 * dy - .16 * dx);
      L.polyline([line, [left, line[1], right]], { color: "#0072b2", weight: 1.6, opacity: .85, interactive: false }).addTo(group);
    }
    layers[words.layer_wind] = group.addTo(map);
  }

  /* Regions and centres. */
  const regionGroup = L.layerGroup();
  for (const region of data.regions) for (const rings of region.rings) {
    const wide = region.probability > .7;
    L.polygon(rings, { color: VERMILION, weight: wide ? 2.5 : 1.5, dashArray: wide ? null : "5 4", fillColor: VERMILION, fillOpacity: data.density ? .04 : wide ? .12 : .3, interactive: false }).addTo(regionGroup);
  }
  for (const source of data.sources) {
    L.marker(source.at, { interactive: true, title: source.label, icon: L.divIcon({ className: "source-label", html: element("span", "✚ " + source.label), iconSize: null, iconAnchor: [6, 10] }) })
      .bindPopup(() => table(source.label, [["", words.popup_centre.replace("{radius}", sig(source.radius_m))]])).addTo(regionGroup);
  }
  if (data.sources.length) layers[words.layer_regions] = regionGroup.addTo(map);

  /* Readings: dark is little, bright is much; flagged ones are hollow. */
  const all = data.readings.concat(data.paths);
  const good = all.filter(r => !r.flags.length || r.flags.every(f => f === "below detection" || f === "saturated"));
  const values = good.map(r => r.mg_m3[0]).filter(v => v !== null).sort((a, b) => a - b);
  const low = values.length ? values[Math.floor(.5 * (values.length - 1))] : 0, high = values.length ? values[values.length - 1] : 1;
  function share(reading) { return reading.mg_m3[0] === null ? 0 : Math.sqrt(Math.max(0, (reading.mg_m3[0] - low) / ((high - low) || 1))); }
  function readingRows(r) {
    const rows = [[words.popup_sensor, r.sensor], [words.popup_time, r.time]];
    data.species.forEach((name, i) => { if (r.mg_m3.length > i) rows.push([name, r.mg_m3[i] === null ? "–" : r.mg_m3[i] + " mg/m³"]); });
    if (r.count > 1) rows.push([words.popup_count, String(r.count)]);
    if (r.flags.length) rows.push([words.popup_flags, r.flags.join(", ")]);
    return rows;
  }
  const readingGroup = L.layerGroup();
  for (const r of all.slice().sort((a, b) => share(a) - share(b))) {
    const ok = good.includes(r), paint = ok ? colour(share(r)) : "#888";
    const shape = r.line ? L.polyline(r.line, { color: paint, weight: 1.5 + 2 * share(r), opacity: .8 })
      : L.circleMarker(r.at, { radius: ok ? 2.8 + 3.4 * share(r) : 3, color: ok ? "#fff" : "#888", weight: ok ? .5 : 1.2, fillColor: paint, fillOpacity: ok ? 1 : 0 });
    shape.bindPopup(() => table(words.popup_reading, readingRows(r))).addTo(readingGroup);
  }
  layers[words.layer_readings] = readingGroup.addTo(map);

  /* Known truth, in exercises only. */
  if (data.truth.length) {
    const group = L.layerGroup();
    for (const known of data.truth) L.marker(known.at, { interactive: false, icon: L.divIcon({ className: "truth-mark", html: element("span", "✕"), iconSize: [20, 20] }) }).addTo(group);
    layers[words.layer_truth] = group.addTo(map);
  }

  L.control.layers(null, layers, { collapsed: map.getSize().x < 700 }).addTo(map);
  const north = L.control({ position: "topleft" });
  north.onAdd = function () { const box = element("div", "N", "north"); box.insertBefore(element("div", "▲"), box.firstChild); return box; };
  north.addTo(map);

  /* Where the pointer is, and what is known there. */
  const pointer = L.control({ position: "bottomleft" });
  pointer.onAdd = () => { const box = element("div", "", "pointer"); box.id = "pointer"; return box; };
  pointer.addTo(map);
  function placeText(at) {
    const [x, y] = toLocal(at), local = x.toFixed(0) + " m " + words.east_m + ", " + y.toFixed(0) + " m " + words.north_m;
    return data.placed && Math.abs(x) > 50000 ? at.lat.toFixed(3) + "°, " + at.lng.toFixed(3) + "°" : local + (data.placed ? " · " + at.lat.toFixed(5) + "°, " + at.lng.toFixed(5) + "°" : "");
  }
  map.on("mousemove", event => { document.getElementById("pointer").textContent = placeText(event.latlng); });
  function inside(at, rings) {
    let odd = false;
    for (const ring of rings) for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [y1, x1] = ring[i], [y2, x2] = ring[j];
      if ((y1 > at.lat) !== (y2 > at.lat) && at.lng < (x2 - x1) * (at.lat - y1) / (y2 - y1) + x1) odd = !odd;
    }
    return odd;
  }
  map.on("click", event => {
    const value = limitAt(event.latlng);
    const text = value === undefined ? words.popup_outside : value === Infinity ? words.popup_never : sig(value) + " g/s";
    const held = data.regions.filter(r => r.rings.some(rings => inside(event.latlng, rings))).map(r => r.label + " " + (100 * r.probability).toFixed(0) + " %");
    L.popup().setLatLng(event.latlng).setContent(table(words.popup_here, [
      ["", placeText(event.latlng)], [words.popup_limit, limit.species[species] + ": " + text], [words.popup_region, held.join(", ")]
    ])).openOn(map);
  });

  /* Legend. */
  const legend = document.getElementById("legend");
  function item(text, draw, width) {
    const box = element("span", undefined, "legend-item"), canvas = element("canvas");
    canvas.width = width || 18; canvas.height = 14;
    draw(canvas.getContext("2d"));
    box.appendChild(canvas); box.appendChild(element("span", text)); legend.appendChild(box);
  }
  const unit = " mg/m³";
  item(words.legend_reading + " " + (data.species[0] || "") + ": " + sig(low) + " – " + sig(high) + unit, c => { for (let i = 0; i < 90; i++) { c.fillStyle = colour(i / 89); c.fillRect(i, 2, 1, 10); } }, 90);
  if (good.length < all.length) item(words.legend_flagged, c => { c.strokeStyle = "#888"; c.beginPath(); c.arc(9, 7, 4, 0, 7); c.stroke(); });
  if (data.regions.length) {
    item(words.legend_region_90, c => { c.strokeStyle = VERMILION; c.lineWidth = 2.5; c.strokeRect(2, 2, 14, 10); });
    item(words.legend_region_50, c => { c.strokeStyle = VERMILION; c.lineWidth = 1.5; c.setLineDash([4, 3]); c.strokeRect(2, 2, 14, 10); });
  }
  item(words.layer_detectability + " " + words.slider_unseen, c => { c.fillStyle = "rgba(60,66,76,.16)"; c.fillRect(0, 0, 18, 14); c.strokeStyle = "rgba(60,66,76,.5)"; for (let i = -14; i < 18; i += 5) { c.beginPath(); c.moveTo(i, 14); c.lineTo(i + 14, 0); c.stroke(); } });
  if (data.wind.length) item(words.layer_wind, c => { c.strokeStyle = "#0072b2"; c.lineWidth = 1.6; c.beginPath(); c.moveTo(1, 12); c.lineTo(15, 3); c.moveTo(9, 3); c.lineTo(15, 3); c.lineTo(13, 9); c.stroke(); });
  if (data.truth.length) item(words.legend_truth, c => { c.font = "14px sans-serif"; c.fillText("✕", 3, 12); });

  const spot = L.circleMarker([0, 0], { radius: 9, color: VERMILION, weight: 3, fill: false, interactive: false });
  return {
    data: data, sig: sig, map: map,
    point: (x, y) => { spot.setLatLng(toMap(x, y)); if (!map.hasLayer(spot)) spot.addTo(map); },
    unpoint: () => spot.remove()
  };
})();
