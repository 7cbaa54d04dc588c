// A cursor through all plots of a participant, with the values under it.
"use strict";
const frame = JSON.parse(document.getElementById("frame").textContent);
for (const group of document.querySelectorAll("[data-series]")) {
  const series = JSON.parse(document.getElementById(group.dataset.series).textContent);
  const plots = [...group.querySelectorAll("svg.plot")];
  const show = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * frame.width;
    const t = frame.start + ((x - frame.left) / (frame.width - frame.left - frame.right)) * (frame.end - frame.start);
    const row = series.t_s.reduce((best, at, i) => (Math.abs(at - t) < Math.abs(series.t_s[best] - t) ? i : best), 0);
    const at = series.t_s[row];
    const px = frame.left + ((at - frame.start) / (frame.end - frame.start)) * (frame.width - frame.left - frame.right);
    for (const plot of plots) {
      const cursor = plot.querySelector(".cursor");
      cursor.setAttribute("x1", px);
      cursor.setAttribute("x2", px);
      cursor.style.visibility = "visible";
      const words = plot.dataset.channels.split(" ").map((name) => {
        const value = series.channels[name][row];
        return value === null ? "–" : value.toFixed(0) + "°";
      });
      document.getElementById(plot.dataset.readout).textContent = at.toFixed(2) + " s   " + words.join(" / ");
    }
  };
  const hide = () => {
    for (const plot of plots) {
      plot.querySelector(".cursor").style.visibility = "hidden";
      document.getElementById(plot.dataset.readout).textContent = "";
    }
  };
  for (const plot of plots) {
    plot.addEventListener("pointermove", show);
    plot.addEventListener("pointerleave", hide);
  }
}
