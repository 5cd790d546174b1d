// A worker that ticks at random: exponential pauses with `mean` milliseconds between two ticks, finer than a timer of the event loop, which knows whole
// milliseconds alone. An upstream's timer does too, and a client in step with it would never see what a proxy adds.
import { parentPort, workerData } from "node:worker_threads";

const never = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  Atomics.wait(never, 0, 0, -Math.log(1 - Math.random()) * workerData.mean);
  parentPort.postMessage(null);
}
