/* Pointing at a time series reads its values out and shows the place on the map. */
(function () {
  const NS = "http://www.w3.org/2000/svg", words = plumeline.data.words;
  document.querySelectorAll("[data-series]").forEach(figure => {
    const series = plumeline.data.series[Number(figure.dataset.series)];
    const svg = figure.querySelector("svg"), readout = figure.querySelector(".readout"), resting = readout.textContent;
    const cursor = document.createElementNS(NS, "line");
    cursor.setAttribute("class", "cursor");
    function at(event) {
      const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      let best = 0;
      series.x_px.forEach((value, i) => { if (Math.abs(value - x) < Math.abs(series.x_px[best] - x)) best = i; });
      const left = series.x_px[best];
      cursor.setAttribute("x1", left); cursor.setAttribute("x2", left);
      cursor.setAttribute("y1", 10); cursor.setAttribute("y2", svg.viewBox.baseVal.height - 40);
      if (!cursor.parentNode) svg.appendChild(cursor);
      const f = plumeline.sig;
      readout.textContent = series.time[best] + " UTC · " + words.series_legend_observed + " " + f(series.observed[best]) + " · " + words.series_legend_fit + " " +
        f(series.predicted[best]) + " (" + f(series.low[best]) + " – " + f(series.high[best]) + ") mg/m³";
      plumeline.point(series.x_m[best], series.y_m[best]);
    }
    svg.addEventListener("pointermove", at);
    svg.addEventListener("pointerdown", at);
    svg.addEventListener("pointerleave", () => { cursor.remove(); readout.textContent = resting; plumeline.unpoint(); });
  });
})();
