// Tells the bench, which has started this process, where it listens, and what it has used so far.
module.exports = function answerBench(port) {
  const usage = () => ({ cpu: process.cpuUsage(), rssBytes: process.memoryUsage.rss() });
  process.send({ port });
  process.on("message", (message) => {
    if (message === "collect") global.gc?.();
    process.send({ ...usage(), pauses: globalThis.culpritPauses?.() });
  });
  process.on("disconnect", () => process.exit());
};
