var chunkR2YOQZTL = require('./chunk.js');
var main = require('./main.js');

// src/action/approach.ts
async function approach(plan, signal) {
  const configVar = () => Promise.reject(new Error("the URL of Redis is given"));
  const redis = new chunkR2YOQZTL.AppRedis(plan, { time: chunkR2YOQZTL.systemTime, mask: main.maskSecret, configVar });
  redis.begin(signal);
  for (let turn = 0; turn < 3; turn++) await chunkR2YOQZTL.$setImmediate();
  return redis;
}

exports.approach = approach;
