var chunkOPU67X4C = require('./chunk.js');
var main = require('./main.js');

// src/action/approach.ts
async function approach(plan, signal) {
  const configVar = () => Promise.reject(new Error("the URL of Redis is given"));
  const redis = new chunkOPU67X4C.AppRedis(plan, { time: chunkOPU67X4C.systemTime, mask: main.maskSecret, configVar });
  redis.begin(signal);
  for (let turn = 0; turn < 3; turn++) await chunkOPU67X4C.$setImmediate();
  return redis;
}

exports.approach = approach;
