// Tells the bench, which has started this process, where it listens, and what it has used so far.
module.exports = function answerBench(port) {
  const usage = () => ({ cpu: process.cpuUsage(), rssBytes: process.memoryUsage.rss() });
  process.send({ port });
  process.on("message", (message) => {
    if (message === "collect") collect();
    process.send({ ...usage(), pauses: globalThis.culpritPauses?.() });
  });
  process.on("disconnect", () => process.exit());
};

// Not by the flag at the start: with it V8 refuses the code that Node has compiled beforehand of its own modules. Loaded
// here, so that the start has nothing of it.
function collect() {
  require("node:v8").setFlagsFromString("--expose-gc");
  require("node:vm").runInNewContext("gc")();
}
