(() => {
  const audio = document.querySelector("audio");
  if (!audio) return;
  const turns = [...document.querySelectorAll("[data-start]")];
  const seek = (target) => { audio.currentTime = Number(target.dataset.start) / 1000; audio.play(); };
  for (const turn of turns) {
    turn.addEventListener("click", () => seek(turn));
    turn.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); seek(turn); } });
  }
  const spoken = turns.filter((turn) => turn.classList.contains("turn"));
  let current = null;
  audio.addEventListener("timeupdate", () => {
    const now = audio.currentTime * 1000;
    const next = spoken.find((turn) => now >= Number(turn.dataset.start) && now < Number(turn.dataset.end));
    if (next === current) return;
    if (current) current.classList.remove("now");
    if (next) { next.classList.add("now"); if (!audio.paused) next.scrollIntoView({ block: "nearest", behavior: "smooth" }); }
    current = next;
  });
})();
