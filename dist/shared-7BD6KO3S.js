import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __knownSymbol = (name3, symbol) => (symbol = Symbol[name3]) ? symbol : /* @__PURE__ */ Symbol.for("Symbol." + name3);
var __typeError = (msg) => {
  throw TypeError(msg);
};
var __require = /* @__PURE__ */ ((x) => typeof require !== "undefined" ? require : typeof Proxy !== "undefined" ? new Proxy(x, {
  get: (a, b) => (typeof require !== "undefined" ? require : a)[b]
}) : x)(function(x) {
  if (typeof require !== "undefined") return require.apply(this, arguments);
  throw Error('Dynamic require of "' + x + '" is not supported');
});
var __esm = (fn, res, err) => function __init() {
  if (err) throw err[0];
  try {
    return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
  } catch (e) {
    throw err = [e], e;
  }
};
var __commonJS = (cb, mod) => function __require2() {
  try {
    return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
  } catch (e) {
    throw mod = 0, e;
  }
};
var __export = (target, all) => {
  for (var name3 in all)
    __defProp(target, name3, { get: all[name3], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);
var __using = (stack, value, async) => {
  if (value != null) {
    if (typeof value !== "object" && typeof value !== "function") __typeError("Object expected");
    var dispose, inner;
    if (async) dispose = value[__knownSymbol("asyncDispose")];
    if (dispose === void 0) {
      dispose = value[__knownSymbol("dispose")];
      if (async) inner = dispose;
    }
    if (typeof dispose !== "function") __typeError("Object not disposable");
    if (inner) dispose = function() {
      try {
        inner.call(this);
      } catch (e) {
        return Promise.reject(e);
      }
    };
    stack.push([async, dispose, value]);
  } else if (async) {
    stack.push([async]);
  }
  return value;
};
var __callDispose = (stack, error2, hasError) => {
  var E = typeof SuppressedError === "function" ? SuppressedError : function(e, s, m, _) {
    return _ = Error(m), _.name = "SuppressedError", _.error = e, _.suppressed = s, _;
  };
  var fail = (e) => error2 = hasError ? new E(e, error2, "An error was suppressed during disposal") : (hasError = true, e);
  var next = (it) => {
    while (it = stack.pop()) {
      try {
        var result = it[1] && it[1].call(it[2]);
        if (it[0]) return Promise.resolve(result).then(next, (e) => (fail(e), next()));
      } catch (e) {
        fail(e);
      }
    }
    if (hasError) throw error2;
  };
  return next();
};

// node_modules/@ioredis/commands/built/commands.json
var require_commands = __commonJS({
  "node_modules/@ioredis/commands/built/commands.json"(exports, module) {
    module.exports = JSON.parse('{"acl":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"cat":{"arity":-2,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"deluser":{"arity":-3,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"all_succeeded","step":0},"dryrun":{"arity":-4,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"genpass":{"arity":-2,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"getuser":{"arity":3,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"list":{"arity":2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"load":{"arity":2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"log":{"arity":-2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"save":{"arity":2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"all_succeeded","step":0},"setuser":{"arity":-3,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"all_succeeded","step":0},"users":{"arity":2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"whoami":{"arity":2,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0}}},"append":{"arity":3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"arcount":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"ardel":{"arity":-3,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"ardelrange":{"arity":-4,"flags":["write"],"keyStart":1,"keyStop":1,"step":1},"arget":{"arity":3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"argetrange":{"arity":4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"argrep":{"arity":-6,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"arinfo":{"arity":-2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"arinsert":{"arity":-3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"arlastitems":{"arity":-3,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"arlen":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"armget":{"arity":-3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"armset":{"arity":-4,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"arnext":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"arop":{"arity":-5,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"arring":{"arity":-4,"flags":["write","denyoom"],"keyStart":1,"keyStop":1,"step":1},"arscan":{"arity":-4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"arseek":{"arity":3,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"arset":{"arity":-4,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"asking":{"arity":1,"flags":["fast"],"keyStart":0,"keyStop":0,"step":0},"auth":{"arity":-2,"flags":["noscript","loading","stale","fast","no_auth","allow_busy"],"keyStart":0,"keyStop":0,"step":0},"backup":{"arity":2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"abort":{"arity":2,"flags":["admin","noscript"],"keyStart":0,"keyStop":0,"step":0},"cleanup":{"arity":2,"flags":["admin","noscript"],"keyStart":0,"keyStop":0,"step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"list":{"arity":2,"flags":["admin","stale"],"keyStart":0,"keyStop":0,"step":0},"seal":{"arity":2,"flags":["admin","noscript"],"keyStart":0,"keyStop":0,"step":0},"start":{"arity":2,"flags":["admin","noscript"],"keyStart":0,"keyStop":0,"step":0},"status":{"arity":2,"flags":["admin","stale"],"keyStart":0,"keyStop":0,"step":0}}},"bgrewriteaof":{"arity":1,"flags":["admin","noscript","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"bgsave":{"arity":-1,"flags":["admin","noscript","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"bitcount":{"arity":-2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"bitfield":{"arity":-2,"flags":["write","denyoom"],"keyStart":1,"keyStop":1,"step":1},"bitfield_ro":{"arity":-2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"bitop":{"arity":-4,"flags":["write","denyoom"],"keyStart":2,"keyStop":-1,"step":1},"bitpos":{"arity":-3,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"blmove":{"arity":6,"flags":["write","denyoom","blocking"],"keyStart":1,"keyStop":2,"step":1},"blmovem":{"arity":-6,"flags":["write","denyoom","blocking"],"keyStart":1,"keyStop":2,"step":1},"blmpop":{"arity":-5,"flags":["write","blocking","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"blpop":{"arity":-3,"flags":["write","blocking"],"keyStart":1,"keyStop":-2,"step":1},"brpop":{"arity":-3,"flags":["write","blocking"],"keyStart":1,"keyStop":-2,"step":1},"brpoplpush":{"arity":4,"flags":["write","denyoom","blocking"],"keyStart":1,"keyStop":2,"step":1},"bzmpop":{"arity":-5,"flags":["write","blocking","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"bzpopmax":{"arity":-3,"flags":["write","blocking","fast"],"keyStart":1,"keyStop":-2,"step":1},"bzpopmin":{"arity":-3,"flags":["write","blocking","fast"],"keyStart":1,"keyStop":-2,"step":1},"client":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"caching":{"arity":3,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"getname":{"arity":2,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"getredir":{"arity":2,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"id":{"arity":2,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"info":{"arity":2,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"kill":{"arity":-3,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"list":{"arity":-2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"no-evict":{"arity":3,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"no-touch":{"arity":3,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"pause":{"arity":-3,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"reply":{"arity":3,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"setinfo":{"arity":4,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"all_succeeded","step":0},"setname":{"arity":3,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"all_succeeded","step":0},"tracking":{"arity":-3,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"trackinginfo":{"arity":2,"flags":["noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"unblock":{"arity":-3,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"unpause":{"arity":2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0}}},"cluster":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"addslots":{"arity":-3,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"addslotsrange":{"arity":-4,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"bumpepoch":{"arity":2,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"count-failure-reports":{"arity":3,"flags":["admin","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"countkeysinslot":{"arity":3,"flags":["stale"],"keyStart":0,"keyStop":0,"step":0},"delslots":{"arity":-3,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"delslotsrange":{"arity":-4,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"failover":{"arity":-2,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"flushslots":{"arity":2,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"forget":{"arity":3,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"getkeysinslot":{"arity":4,"flags":["stale"],"keyStart":0,"keyStop":0,"step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"info":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"keyslot":{"arity":3,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"links":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"meet":{"arity":-4,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"migration":{"arity":-4,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"myid":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"myshardid":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"nodes":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"replicas":{"arity":3,"flags":["admin","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"replicate":{"arity":3,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"reset":{"arity":-2,"flags":["admin","noscript","stale"],"keyStart":0,"keyStop":0,"step":0},"saveconfig":{"arity":2,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"set-config-epoch":{"arity":3,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"setslot":{"arity":-4,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"shards":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"slaves":{"arity":3,"flags":["admin","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"slot-stats":{"arity":-4,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","step":0},"slots":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"syncslots":{"arity":-3,"flags":["admin","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0}}},"command":{"arity":-1,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"count":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"docs":{"arity":-2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"getkeys":{"arity":-3,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"getkeysandflags":{"arity":-3,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"info":{"arity":-2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"list":{"arity":-2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0}}},"config":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"get":{"arity":-3,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"resetstat":{"arity":2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"all_succeeded","step":0},"rewrite":{"arity":2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"all_succeeded","step":0},"set":{"arity":-4,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"all_succeeded","step":0}}},"copy":{"arity":-3,"flags":["write","denyoom"],"keyStart":1,"keyStop":2,"step":1},"dbsize":{"arity":1,"flags":["readonly","fast"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"agg_sum","step":0},"debug":{"arity":-2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"decr":{"arity":2,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"decrby":{"arity":3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"del":{"arity":-2,"flags":["write"],"keyStart":1,"keyStop":-1,"requestPolicy":"multi_shard","responsePolicy":"agg_sum","step":1},"delex":{"arity":-2,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"digest":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"discard":{"arity":1,"flags":["noscript","loading","stale","fast","allow_busy"],"keyStart":0,"keyStop":0,"step":0},"dump":{"arity":2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"echo":{"arity":2,"flags":["loading","stale","fast"],"keyStart":0,"keyStop":0,"step":0},"eval":{"arity":-3,"flags":["noscript","stale","skip_monitor","no_mandatory_keys","movablekeys","script_runner"],"keyStart":0,"keyStop":0,"step":0},"eval_ro":{"arity":-3,"flags":["readonly","noscript","stale","skip_monitor","no_mandatory_keys","movablekeys","script_runner"],"keyStart":0,"keyStop":0,"step":0},"evalsha":{"arity":-3,"flags":["noscript","stale","skip_monitor","no_mandatory_keys","movablekeys","script_runner"],"keyStart":0,"keyStop":0,"step":0},"evalsha_ro":{"arity":-3,"flags":["readonly","noscript","stale","skip_monitor","no_mandatory_keys","movablekeys","script_runner"],"keyStart":0,"keyStop":0,"step":0},"exec":{"arity":1,"flags":["noscript","loading","stale","skip_slowlog"],"keyStart":0,"keyStop":0,"step":0},"exists":{"arity":-2,"flags":["readonly","fast"],"keyStart":1,"keyStop":-1,"requestPolicy":"multi_shard","responsePolicy":"agg_sum","step":1},"expire":{"arity":-3,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"expireat":{"arity":-3,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"expiretime":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"failover":{"arity":-1,"flags":["admin","noscript","stale"],"keyStart":0,"keyStop":0,"step":0},"fcall":{"arity":-3,"flags":["noscript","stale","skip_monitor","no_mandatory_keys","movablekeys","script_runner"],"keyStart":0,"keyStop":0,"step":0},"fcall_ro":{"arity":-3,"flags":["readonly","noscript","stale","skip_monitor","no_mandatory_keys","movablekeys","script_runner"],"keyStart":0,"keyStop":0,"step":0},"flushall":{"arity":-1,"flags":["write"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"all_succeeded","step":0},"flushdb":{"arity":-1,"flags":["write"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"all_succeeded","step":0},"function":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"delete":{"arity":3,"flags":["write","noscript"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"all_succeeded","step":0},"dump":{"arity":2,"flags":["noscript"],"keyStart":0,"keyStop":0,"step":0},"flush":{"arity":-2,"flags":["write","noscript"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"all_succeeded","step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"kill":{"arity":2,"flags":["noscript","allow_busy"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"one_succeeded","step":0},"list":{"arity":-2,"flags":["noscript"],"keyStart":0,"keyStop":0,"step":0},"load":{"arity":-3,"flags":["write","denyoom","noscript"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"all_succeeded","step":0},"restore":{"arity":-3,"flags":["write","denyoom","noscript"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"all_succeeded","step":0},"stats":{"arity":2,"flags":["noscript","allow_busy"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"special","step":0}}},"geoadd":{"arity":-5,"flags":["write","denyoom"],"keyStart":1,"keyStop":1,"step":1},"geodist":{"arity":-4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"geohash":{"arity":-2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"geopos":{"arity":-2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"georadius":{"arity":-6,"flags":["write","denyoom","movablekeys"],"keyStart":1,"keyStop":1,"step":1},"georadius_ro":{"arity":-6,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"georadiusbymember":{"arity":-5,"flags":["write","denyoom","movablekeys"],"keyStart":1,"keyStop":1,"step":1},"georadiusbymember_ro":{"arity":-5,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"geosearch":{"arity":-7,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"geosearchstore":{"arity":-8,"flags":["write","denyoom"],"keyStart":1,"keyStop":2,"step":1},"get":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"getbit":{"arity":3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"getdel":{"arity":2,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"getex":{"arity":-2,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"getrange":{"arity":4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"getset":{"arity":3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"hdel":{"arity":-3,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"hello":{"arity":-1,"flags":["noscript","loading","stale","fast","no_auth","allow_busy"],"keyStart":0,"keyStop":0,"step":0},"hexists":{"arity":3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"hexpire":{"arity":-6,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"hexpireat":{"arity":-6,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"hexpiretime":{"arity":-5,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"hget":{"arity":3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"hgetall":{"arity":2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"hgetdel":{"arity":-5,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"hgetex":{"arity":-5,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"himport":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"discard":{"arity":3,"flags":[],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","step":0},"discardall":{"arity":2,"flags":[],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","step":0},"prepare":{"arity":-4,"flags":["denyoom"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","step":0},"set":{"arity":-5,"flags":["write","denyoom"],"keyStart":2,"keyStop":2,"step":1}}},"hincrby":{"arity":4,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"hincrbyfloat":{"arity":4,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"hkeys":{"arity":2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"hlen":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"hmget":{"arity":-3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"hmset":{"arity":-4,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"hotkeys":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"get":{"arity":2,"flags":["admin","noscript"],"keyStart":0,"keyStop":0,"requestPolicy":"special","responsePolicy":"special","step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"reset":{"arity":2,"flags":["admin","noscript"],"keyStart":0,"keyStop":0,"requestPolicy":"special","step":0},"start":{"arity":-2,"flags":["admin","noscript"],"keyStart":0,"keyStop":0,"requestPolicy":"special","step":0},"stop":{"arity":2,"flags":["admin","noscript"],"keyStart":0,"keyStop":0,"requestPolicy":"special","step":0}}},"hpersist":{"arity":-5,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"hpexpire":{"arity":-6,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"hpexpireat":{"arity":-6,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"hpexpiretime":{"arity":-5,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"hpttl":{"arity":-5,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"hrandfield":{"arity":-2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"hscan":{"arity":-3,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"hset":{"arity":-4,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"hsetex":{"arity":-6,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"hsetnx":{"arity":4,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"hstrlen":{"arity":3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"httl":{"arity":-5,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"hvals":{"arity":2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"incr":{"arity":2,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"incrby":{"arity":3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"incrbyfloat":{"arity":3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"increx":{"arity":-2,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"info":{"arity":-1,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"special","step":0},"keys":{"arity":2,"flags":["readonly"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","step":0},"lastsave":{"arity":1,"flags":["loading","stale","fast"],"keyStart":0,"keyStop":0,"step":0},"latency":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"doctor":{"arity":2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"special","step":0},"graph":{"arity":3,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"special","step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"histogram":{"arity":-2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"special","step":0},"history":{"arity":3,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"special","step":0},"latest":{"arity":2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"special","step":0},"reset":{"arity":-2,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"agg_sum","step":0}}},"lcs":{"arity":-3,"flags":["readonly"],"keyStart":1,"keyStop":2,"step":1},"lindex":{"arity":3,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"linsert":{"arity":5,"flags":["write","denyoom"],"keyStart":1,"keyStop":1,"step":1},"llen":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"lmove":{"arity":5,"flags":["write","denyoom"],"keyStart":1,"keyStop":2,"step":1},"lmovem":{"arity":-5,"flags":["write","denyoom"],"keyStart":1,"keyStop":2,"step":1},"lmpop":{"arity":-4,"flags":["write","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"lolwut":{"arity":-1,"flags":["readonly","fast"],"keyStart":0,"keyStop":0,"step":0},"lpop":{"arity":-2,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"lpos":{"arity":-3,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"lpush":{"arity":-3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"lpushx":{"arity":-3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"lrange":{"arity":4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"lrem":{"arity":4,"flags":["write"],"keyStart":1,"keyStop":1,"step":1},"lset":{"arity":4,"flags":["write","denyoom"],"keyStart":1,"keyStop":1,"step":1},"ltrim":{"arity":4,"flags":["write"],"keyStart":1,"keyStop":1,"step":1},"memory":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"doctor":{"arity":2,"flags":[],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"special","step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"malloc-stats":{"arity":2,"flags":[],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"special","step":0},"purge":{"arity":2,"flags":[],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"all_succeeded","step":0},"stats":{"arity":2,"flags":[],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"special","step":0},"usage":{"arity":-3,"flags":["readonly"],"keyStart":2,"keyStop":2,"step":1}}},"mget":{"arity":-2,"flags":["readonly","fast"],"keyStart":1,"keyStop":-1,"requestPolicy":"multi_shard","step":1},"migrate":{"arity":-6,"flags":["write","movablekeys"],"keyStart":3,"keyStop":3,"step":1},"module":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"list":{"arity":2,"flags":["admin","noscript"],"keyStart":0,"keyStop":0,"step":0},"load":{"arity":-3,"flags":["admin","noscript","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"loadex":{"arity":-3,"flags":["admin","noscript","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"unload":{"arity":3,"flags":["admin","noscript","no_async_loading"],"keyStart":0,"keyStop":0,"step":0}}},"monitor":{"arity":1,"flags":["admin","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"move":{"arity":3,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"mset":{"arity":-3,"flags":["write","denyoom"],"keyStart":1,"keyStop":-1,"requestPolicy":"multi_shard","responsePolicy":"all_succeeded","step":2},"msetex":{"arity":-4,"flags":["write","denyoom","movablekeys"],"keyStart":0,"keyStop":0,"requestPolicy":"multi_shard","responsePolicy":"all_succeeded","step":0},"msetnx":{"arity":-3,"flags":["write","denyoom"],"keyStart":1,"keyStop":-1,"step":2},"multi":{"arity":1,"flags":["noscript","loading","stale","fast","allow_busy"],"keyStart":0,"keyStop":0,"step":0},"object":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"encoding":{"arity":3,"flags":["readonly"],"keyStart":2,"keyStop":2,"step":1},"freq":{"arity":3,"flags":["readonly"],"keyStart":2,"keyStop":2,"step":1},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"idletime":{"arity":3,"flags":["readonly"],"keyStart":2,"keyStop":2,"step":1},"refcount":{"arity":3,"flags":["readonly"],"keyStart":2,"keyStop":2,"step":1}}},"persist":{"arity":2,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"pexpire":{"arity":-3,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"pexpireat":{"arity":-3,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"pexpiretime":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"pfadd":{"arity":-2,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"pfcount":{"arity":-2,"flags":["readonly"],"keyStart":1,"keyStop":-1,"step":1},"pfdebug":{"arity":3,"flags":["write","denyoom","admin"],"keyStart":2,"keyStop":2,"step":1},"pfmerge":{"arity":-2,"flags":["write","denyoom"],"keyStart":1,"keyStop":-1,"step":1},"pfselftest":{"arity":1,"flags":["admin"],"keyStart":0,"keyStop":0,"step":0},"ping":{"arity":-1,"flags":["fast"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"all_succeeded","step":0},"psetex":{"arity":4,"flags":["write","denyoom"],"keyStart":1,"keyStop":1,"step":1},"psubscribe":{"arity":-2,"flags":["denyoom","pubsub","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"psync":{"arity":-3,"flags":["admin","noscript","no_async_loading","no_multi"],"keyStart":0,"keyStop":0,"step":0},"pttl":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"publish":{"arity":3,"flags":["pubsub","loading","stale","fast"],"keyStart":0,"keyStop":0,"step":0},"pubsub":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"channels":{"arity":-2,"flags":["pubsub","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"numpat":{"arity":2,"flags":["pubsub","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"numsub":{"arity":-2,"flags":["pubsub","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"shardchannels":{"arity":-2,"flags":["pubsub","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"shardnumsub":{"arity":-2,"flags":["pubsub","loading","stale"],"keyStart":0,"keyStop":0,"step":0}}},"punsubscribe":{"arity":-1,"flags":["pubsub","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"quit":{"arity":-1,"flags":["noscript","loading","stale","fast","no_auth","allow_busy"],"keyStart":0,"keyStop":0,"step":0},"randomkey":{"arity":1,"flags":["readonly"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"special","step":0},"readonly":{"arity":1,"flags":["loading","stale","fast"],"keyStart":0,"keyStop":0,"step":0},"readwrite":{"arity":1,"flags":["loading","stale","fast"],"keyStart":0,"keyStop":0,"step":0},"rename":{"arity":3,"flags":["write"],"keyStart":1,"keyStop":2,"step":1},"renamenx":{"arity":3,"flags":["write","fast"],"keyStart":1,"keyStop":2,"step":1},"replconf":{"arity":-1,"flags":["admin","noscript","loading","stale","allow_busy"],"keyStart":0,"keyStop":0,"step":0},"replicaof":{"arity":3,"flags":["admin","noscript","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"reset":{"arity":1,"flags":["noscript","loading","stale","fast","no_auth","allow_busy"],"keyStart":0,"keyStop":0,"step":0},"restore":{"arity":-4,"flags":["write","denyoom"],"keyStart":1,"keyStop":1,"step":1},"restore-asking":{"arity":-4,"flags":["write","denyoom","asking"],"keyStart":1,"keyStop":1,"step":1},"role":{"arity":1,"flags":["noscript","loading","stale","fast"],"keyStart":0,"keyStop":0,"step":0},"rpop":{"arity":-2,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"rpoplpush":{"arity":3,"flags":["write","denyoom"],"keyStart":1,"keyStop":2,"step":1},"rpush":{"arity":-3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"rpushx":{"arity":-3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"sadd":{"arity":-3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"save":{"arity":1,"flags":["admin","noscript","no_async_loading","no_multi"],"keyStart":0,"keyStop":0,"step":0},"scan":{"arity":-2,"flags":["readonly"],"keyStart":0,"keyStop":0,"requestPolicy":"special","responsePolicy":"special","step":0},"scard":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"script":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"debug":{"arity":3,"flags":["noscript"],"keyStart":0,"keyStop":0,"step":0},"exists":{"arity":-3,"flags":["noscript"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"agg_logical_and","step":0},"flush":{"arity":-2,"flags":["noscript"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"all_succeeded","step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"kill":{"arity":2,"flags":["noscript","allow_busy"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"one_succeeded","step":0},"load":{"arity":3,"flags":["noscript","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"all_succeeded","step":0}}},"sdiff":{"arity":-2,"flags":["readonly"],"keyStart":1,"keyStop":-1,"step":1},"sdiffcard":{"arity":-3,"flags":["readonly","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"sdiffstore":{"arity":-3,"flags":["write","denyoom"],"keyStart":1,"keyStop":-1,"step":1},"select":{"arity":2,"flags":["loading","stale","fast"],"keyStart":0,"keyStop":0,"step":0},"set":{"arity":-3,"flags":["write","denyoom"],"keyStart":1,"keyStop":1,"step":1},"setbit":{"arity":4,"flags":["write","denyoom"],"keyStart":1,"keyStop":1,"step":1},"setex":{"arity":4,"flags":["write","denyoom"],"keyStart":1,"keyStop":1,"step":1},"setnx":{"arity":3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"setrange":{"arity":4,"flags":["write","denyoom"],"keyStart":1,"keyStop":1,"step":1},"shutdown":{"arity":-1,"flags":["admin","noscript","loading","stale","no_multi","allow_busy"],"keyStart":0,"keyStop":0,"step":0},"sinter":{"arity":-2,"flags":["readonly"],"keyStart":1,"keyStop":-1,"step":1},"sintercard":{"arity":-3,"flags":["readonly","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"sinterstore":{"arity":-3,"flags":["write","denyoom"],"keyStart":1,"keyStop":-1,"step":1},"sismember":{"arity":3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"slaveof":{"arity":3,"flags":["admin","noscript","stale","no_async_loading"],"keyStart":0,"keyStop":0,"step":0},"slowlog":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"get":{"arity":-2,"flags":["admin","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","step":0},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"len":{"arity":2,"flags":["admin","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"agg_sum","step":0},"reset":{"arity":2,"flags":["admin","loading","stale"],"keyStart":0,"keyStop":0,"requestPolicy":"all_nodes","responsePolicy":"all_succeeded","step":0}}},"smembers":{"arity":2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"smismember":{"arity":-3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"smove":{"arity":4,"flags":["write","fast"],"keyStart":1,"keyStop":2,"step":1},"sort":{"arity":-2,"flags":["write","denyoom","movablekeys"],"keyStart":1,"keyStop":1,"step":1},"sort_ro":{"arity":-2,"flags":["readonly","movablekeys"],"keyStart":1,"keyStop":1,"step":1},"spop":{"arity":-2,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"spublish":{"arity":3,"flags":["pubsub","loading","stale","fast"],"keyStart":1,"keyStop":1,"step":1},"srandmember":{"arity":-2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"srem":{"arity":-3,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"sscan":{"arity":-3,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"ssubscribe":{"arity":-2,"flags":["denyoom","pubsub","noscript","loading","stale"],"keyStart":1,"keyStop":-1,"step":1},"strlen":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"subscribe":{"arity":-2,"flags":["denyoom","pubsub","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"substr":{"arity":4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"sunion":{"arity":-2,"flags":["readonly"],"keyStart":1,"keyStop":-1,"step":1},"sunioncard":{"arity":-3,"flags":["readonly","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"sunionstore":{"arity":-3,"flags":["write","denyoom"],"keyStart":1,"keyStop":-1,"step":1},"sunsubscribe":{"arity":-1,"flags":["pubsub","noscript","loading","stale"],"keyStart":1,"keyStop":-1,"step":1},"swapdb":{"arity":3,"flags":["write","fast"],"keyStart":0,"keyStop":0,"step":0},"sync":{"arity":1,"flags":["admin","noscript","no_async_loading","no_multi"],"keyStart":0,"keyStop":0,"step":0},"time":{"arity":1,"flags":["loading","stale","fast"],"keyStart":0,"keyStop":0,"step":0},"touch":{"arity":-2,"flags":["readonly","fast"],"keyStart":1,"keyStop":-1,"requestPolicy":"multi_shard","responsePolicy":"agg_sum","step":1},"trimslots":{"arity":-5,"flags":["write"],"keyStart":0,"keyStop":0,"step":0},"ttl":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"type":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"unlink":{"arity":-2,"flags":["write","fast"],"keyStart":1,"keyStop":-1,"requestPolicy":"multi_shard","responsePolicy":"agg_sum","step":1},"unsubscribe":{"arity":-1,"flags":["pubsub","noscript","loading","stale"],"keyStart":0,"keyStop":0,"step":0},"unwatch":{"arity":1,"flags":["noscript","loading","stale","fast","allow_busy"],"keyStart":0,"keyStop":0,"step":0},"vadd":{"arity":-5,"flags":["write","denyoom","module"],"keyStart":1,"keyStop":1,"step":1},"vcard":{"arity":2,"flags":["readonly","module","fast"],"keyStart":1,"keyStop":1,"step":1},"vdim":{"arity":2,"flags":["readonly","module","fast"],"keyStart":1,"keyStop":1,"step":1},"vemb":{"arity":-3,"flags":["readonly","module","fast"],"keyStart":1,"keyStop":1,"step":1},"vgetattr":{"arity":3,"flags":["readonly","module","fast"],"keyStart":1,"keyStop":1,"step":1},"vinfo":{"arity":2,"flags":["readonly","module","fast"],"keyStart":1,"keyStop":1,"step":1},"vismember":{"arity":3,"flags":["readonly","module"],"keyStart":1,"keyStop":1,"step":1},"vlinks":{"arity":-3,"flags":["readonly","module","fast"],"keyStart":1,"keyStop":1,"step":1},"vrandmember":{"arity":-2,"flags":["readonly","module"],"keyStart":1,"keyStop":1,"step":1},"vrange":{"arity":-4,"flags":["readonly","module"],"keyStart":1,"keyStop":1,"step":1},"vrem":{"arity":3,"flags":["write","module"],"keyStart":1,"keyStop":1,"step":1},"vsetattr":{"arity":4,"flags":["write","module","fast"],"keyStart":1,"keyStop":1,"step":1},"vsim":{"arity":-4,"flags":["readonly","module"],"keyStart":1,"keyStop":1,"step":1},"wait":{"arity":3,"flags":["blocking"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"agg_min","step":0},"waitaof":{"arity":4,"flags":["blocking"],"keyStart":0,"keyStop":0,"requestPolicy":"all_shards","responsePolicy":"agg_min","step":0},"watch":{"arity":-2,"flags":["noscript","loading","stale","fast","allow_busy"],"keyStart":1,"keyStop":-1,"step":1},"xack":{"arity":-4,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"xackdel":{"arity":-6,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"xadd":{"arity":-5,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"xautoclaim":{"arity":-6,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"xcfgset":{"arity":-2,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"xclaim":{"arity":-6,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"xdel":{"arity":-3,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"xdelex":{"arity":-5,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"xgroup":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"create":{"arity":-5,"flags":["write","denyoom"],"keyStart":2,"keyStop":2,"step":1},"createconsumer":{"arity":5,"flags":["write","denyoom"],"keyStart":2,"keyStop":2,"step":1},"delconsumer":{"arity":5,"flags":["write"],"keyStart":2,"keyStop":2,"step":1},"destroy":{"arity":4,"flags":["write"],"keyStart":2,"keyStop":2,"step":1},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"setid":{"arity":-5,"flags":["write"],"keyStart":2,"keyStop":2,"step":1}}},"xidmprecord":{"arity":5,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"xinfo":{"arity":-2,"flags":[],"keyStart":0,"keyStop":0,"step":0,"subcommands":{"consumers":{"arity":4,"flags":["readonly"],"keyStart":2,"keyStop":2,"step":1},"groups":{"arity":3,"flags":["readonly"],"keyStart":2,"keyStop":2,"step":1},"help":{"arity":2,"flags":["loading","stale"],"keyStart":0,"keyStop":0,"step":0},"stream":{"arity":-3,"flags":["readonly"],"keyStart":2,"keyStop":2,"step":1}}},"xlen":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"xnack":{"arity":-7,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"xpending":{"arity":-3,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"xrange":{"arity":-4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"xread":{"arity":-4,"flags":["readonly","blocking","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"xreadgroup":{"arity":-7,"flags":["write","blocking","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"xrevrange":{"arity":-4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"xsetid":{"arity":-3,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"xtrim":{"arity":-4,"flags":["write"],"keyStart":1,"keyStop":1,"step":1},"zadd":{"arity":-4,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"zcard":{"arity":2,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"zcount":{"arity":4,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"zdiff":{"arity":-3,"flags":["readonly","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"zdiffstore":{"arity":-4,"flags":["write","denyoom","movablekeys"],"keyStart":1,"keyStop":1,"step":1},"zincrby":{"arity":4,"flags":["write","denyoom","fast"],"keyStart":1,"keyStop":1,"step":1},"zinter":{"arity":-3,"flags":["readonly","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"zintercard":{"arity":-3,"flags":["readonly","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"zinterstore":{"arity":-4,"flags":["write","denyoom","movablekeys"],"keyStart":1,"keyStop":1,"step":1},"zlexcount":{"arity":4,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"zmpop":{"arity":-4,"flags":["write","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"zmscore":{"arity":-3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"zpopmax":{"arity":-2,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"zpopmin":{"arity":-2,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"zrandmember":{"arity":-2,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"zrange":{"arity":-4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"zrangebylex":{"arity":-4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"zrangebyscore":{"arity":-4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"zrangestore":{"arity":-5,"flags":["write","denyoom"],"keyStart":1,"keyStop":2,"step":1},"zrank":{"arity":-3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"zrem":{"arity":-3,"flags":["write","fast"],"keyStart":1,"keyStop":1,"step":1},"zremrangebylex":{"arity":4,"flags":["write"],"keyStart":1,"keyStop":1,"step":1},"zremrangebyrank":{"arity":4,"flags":["write"],"keyStart":1,"keyStop":1,"step":1},"zremrangebyscore":{"arity":4,"flags":["write"],"keyStart":1,"keyStop":1,"step":1},"zrevrange":{"arity":-4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"zrevrangebylex":{"arity":-4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"zrevrangebyscore":{"arity":-4,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"zrevrank":{"arity":-3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"zscan":{"arity":-3,"flags":["readonly"],"keyStart":1,"keyStop":1,"step":1},"zscore":{"arity":3,"flags":["readonly","fast"],"keyStart":1,"keyStop":1,"step":1},"zunion":{"arity":-3,"flags":["readonly","movablekeys"],"keyStart":0,"keyStop":0,"step":0},"zunionstore":{"arity":-4,"flags":["write","denyoom","movablekeys"],"keyStart":1,"keyStop":1,"step":1}}');
  }
});

// node_modules/@ioredis/commands/built/index.js
var require_built = __commonJS({
  "node_modules/@ioredis/commands/built/index.js"(exports) {
    "use strict";
    var __importDefault = exports && exports.__importDefault || function(mod) {
      return mod && mod.__esModule ? mod : { "default": mod };
    };
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.getKeyIndexes = exports.hasFlag = exports.exists = exports.list = void 0;
    var commands_json_1 = __importDefault(require_commands());
    var commandMetadata = commands_json_1.default;
    exports.list = Object.keys(commandMetadata);
    var flags = {};
    exports.list.forEach((commandName) => {
      flags[commandName] = commandMetadata[commandName].flags.reduce(function(flags2, flag) {
        flags2[flag] = true;
        return flags2;
      }, {});
    });
    function exists(commandName, options) {
      commandName = (options === null || options === void 0 ? void 0 : options.caseInsensitive) ? String(commandName).toLowerCase() : commandName;
      return Boolean(commandMetadata[commandName]);
    }
    exports.exists = exists;
    function hasFlag(commandName, flag, options) {
      commandName = (options === null || options === void 0 ? void 0 : options.nameCaseInsensitive) ? String(commandName).toLowerCase() : commandName;
      if (!flags[commandName]) {
        throw new Error("Unknown command " + commandName);
      }
      return Boolean(flags[commandName][flag]);
    }
    exports.hasFlag = hasFlag;
    function getKeyIndexes(commandName, args, options) {
      commandName = (options === null || options === void 0 ? void 0 : options.nameCaseInsensitive) ? String(commandName).toLowerCase() : commandName;
      const command = commandMetadata[commandName];
      if (!command) {
        throw new Error("Unknown command " + commandName);
      }
      if (!Array.isArray(args)) {
        throw new Error("Expect args to be an array");
      }
      let resolvedCommand = command;
      for (let i = 0; i < args.length && resolvedCommand.subcommands; i++) {
        const subcommand = resolvedCommand.subcommands[String(args[i]).toLowerCase()];
        if (!subcommand) {
          break;
        }
        resolvedCommand = subcommand;
      }
      const keys = [];
      const parseExternalKey = Boolean(options && options.parseExternalKey);
      const takeDynamicKeys = (args2, startIndex) => {
        const keys2 = [];
        const keyStop = Number(args2[startIndex]);
        for (let i = 0; i < keyStop; i++) {
          keys2.push(i + startIndex + 1);
        }
        return keys2;
      };
      const takeKeyAfterToken = (args2, startIndex, token) => {
        for (let i = startIndex; i < args2.length - 1; i += 1) {
          if (String(args2[i]).toLowerCase() === token.toLowerCase()) {
            return i + 1;
          }
        }
        return null;
      };
      switch (commandName) {
        case "zunionstore":
        case "zinterstore":
        case "zdiffstore":
          keys.push(0, ...takeDynamicKeys(args, 1));
          break;
        case "eval":
        case "evalsha":
        case "eval_ro":
        case "evalsha_ro":
        case "fcall":
        case "fcall_ro":
        case "blmpop":
        case "bzmpop":
          keys.push(...takeDynamicKeys(args, 1));
          break;
        case "sdiffcard":
        case "sintercard":
        case "sunioncard":
        case "lmpop":
        case "zunion":
        case "zinter":
        case "zmpop":
        case "zintercard":
        case "zdiff": {
          keys.push(...takeDynamicKeys(args, 0));
          break;
        }
        case "msetex": {
          const numKeys = Number(args[0]);
          for (let i = 0; i < numKeys; i++) {
            keys.push(1 + i * 2);
          }
          break;
        }
        case "georadius": {
          keys.push(0);
          const storeKey = takeKeyAfterToken(args, 5, "STORE");
          if (storeKey)
            keys.push(storeKey);
          const distKey = takeKeyAfterToken(args, 5, "STOREDIST");
          if (distKey)
            keys.push(distKey);
          break;
        }
        case "georadiusbymember": {
          keys.push(0);
          const storeKey = takeKeyAfterToken(args, 4, "STORE");
          if (storeKey)
            keys.push(storeKey);
          const distKey = takeKeyAfterToken(args, 4, "STOREDIST");
          if (distKey)
            keys.push(distKey);
          break;
        }
        case "sort":
        case "sort_ro":
          keys.push(0);
          for (let i = 1; i < args.length - 1; i++) {
            let arg = args[i];
            if (typeof arg !== "string") {
              continue;
            }
            const directive = arg.toUpperCase();
            if (directive === "GET") {
              i += 1;
              arg = args[i];
              if (arg !== "#") {
                if (parseExternalKey) {
                  keys.push([i, getExternalKeyNameLength(arg)]);
                } else {
                  keys.push(i);
                }
              }
            } else if (directive === "BY") {
              i += 1;
              if (parseExternalKey) {
                keys.push([i, getExternalKeyNameLength(args[i])]);
              } else {
                keys.push(i);
              }
            } else if (directive === "STORE") {
              i += 1;
              keys.push(i);
            }
          }
          break;
        case "migrate":
          if (args[2] === "") {
            for (let i = 5; i < args.length - 1; i++) {
              const arg = args[i];
              if (typeof arg === "string" && arg.toUpperCase() === "KEYS") {
                for (let j = i + 1; j < args.length; j++) {
                  keys.push(j);
                }
                break;
              }
            }
          } else {
            keys.push(2);
          }
          break;
        case "xreadgroup":
        case "xread":
          for (let i = commandName === "xread" ? 0 : 3; i < args.length - 1; i++) {
            if (String(args[i]).toUpperCase() === "STREAMS") {
              for (let j = i + 1; j <= i + (args.length - 1 - i) / 2; j++) {
                keys.push(j);
              }
              break;
            }
          }
          break;
        default:
          if (resolvedCommand.step > 0) {
            const keyStart = resolvedCommand.keyStart - 1;
            const keyStop = resolvedCommand.keyStop > 0 ? resolvedCommand.keyStop : args.length + resolvedCommand.keyStop + 1;
            for (let i = keyStart; i < keyStop; i += resolvedCommand.step) {
              keys.push(i);
            }
          }
          break;
      }
      return keys;
    }
    exports.getKeyIndexes = getKeyIndexes;
    function getExternalKeyNameLength(key) {
      if (typeof key !== "string") {
        key = String(key);
      }
      const hashPos = key.indexOf("->");
      return hashPos === -1 ? key.length : hashPos;
    }
  }
});

// node_modules/standard-as-callback/built/utils.js
var require_utils = __commonJS({
  "node_modules/standard-as-callback/built/utils.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.tryCatch = exports.errorObj = void 0;
    exports.errorObj = { e: {} };
    var tryCatchTarget;
    function tryCatcher(err, val) {
      try {
        const target = tryCatchTarget;
        tryCatchTarget = null;
        return target.apply(this, arguments);
      } catch (e) {
        exports.errorObj.e = e;
        return exports.errorObj;
      }
    }
    function tryCatch(fn) {
      tryCatchTarget = fn;
      return tryCatcher;
    }
    exports.tryCatch = tryCatch;
  }
});

// node_modules/standard-as-callback/built/index.js
var require_built2 = __commonJS({
  "node_modules/standard-as-callback/built/index.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var utils_1 = require_utils();
    function throwLater(e) {
      setTimeout(function() {
        throw e;
      }, 0);
    }
    function asCallback(promise, nodeback, options) {
      if (typeof nodeback === "function") {
        promise.then((val) => {
          let ret;
          if (options !== void 0 && Object(options).spread && Array.isArray(val)) {
            ret = utils_1.tryCatch(nodeback).apply(void 0, [null].concat(val));
          } else {
            ret = val === void 0 ? utils_1.tryCatch(nodeback)(null) : utils_1.tryCatch(nodeback)(null, val);
          }
          if (ret === utils_1.errorObj) {
            throwLater(ret.e);
          }
        }, (cause) => {
          if (!cause) {
            const newReason = new Error(cause + "");
            Object.assign(newReason, { cause });
            cause = newReason;
          }
          const ret = utils_1.tryCatch(nodeback)(cause);
          if (ret === utils_1.errorObj) {
            throwLater(ret.e);
          }
        });
      }
      return promise;
    }
    exports.default = asCallback;
  }
});

// node_modules/redis-errors/lib/old.js
var require_old = __commonJS({
  "node_modules/redis-errors/lib/old.js"(exports, module) {
    "use strict";
    var assert = __require("assert");
    var util = __require("util");
    function RedisError(message) {
      Object.defineProperty(this, "message", {
        value: message || "",
        configurable: true,
        writable: true
      });
      Error.captureStackTrace(this, this.constructor);
    }
    util.inherits(RedisError, Error);
    Object.defineProperty(RedisError.prototype, "name", {
      value: "RedisError",
      configurable: true,
      writable: true
    });
    function ParserError(message, buffer, offset) {
      assert(buffer);
      assert.strictEqual(typeof offset, "number");
      Object.defineProperty(this, "message", {
        value: message || "",
        configurable: true,
        writable: true
      });
      const tmp = Error.stackTraceLimit;
      Error.stackTraceLimit = 2;
      Error.captureStackTrace(this, this.constructor);
      Error.stackTraceLimit = tmp;
      this.offset = offset;
      this.buffer = buffer;
    }
    util.inherits(ParserError, RedisError);
    Object.defineProperty(ParserError.prototype, "name", {
      value: "ParserError",
      configurable: true,
      writable: true
    });
    function ReplyError2(message) {
      Object.defineProperty(this, "message", {
        value: message || "",
        configurable: true,
        writable: true
      });
      const tmp = Error.stackTraceLimit;
      Error.stackTraceLimit = 2;
      Error.captureStackTrace(this, this.constructor);
      Error.stackTraceLimit = tmp;
    }
    util.inherits(ReplyError2, RedisError);
    Object.defineProperty(ReplyError2.prototype, "name", {
      value: "ReplyError",
      configurable: true,
      writable: true
    });
    function AbortError2(message) {
      Object.defineProperty(this, "message", {
        value: message || "",
        configurable: true,
        writable: true
      });
      Error.captureStackTrace(this, this.constructor);
    }
    util.inherits(AbortError2, RedisError);
    Object.defineProperty(AbortError2.prototype, "name", {
      value: "AbortError",
      configurable: true,
      writable: true
    });
    function InterruptError(message) {
      Object.defineProperty(this, "message", {
        value: message || "",
        configurable: true,
        writable: true
      });
      Error.captureStackTrace(this, this.constructor);
    }
    util.inherits(InterruptError, AbortError2);
    Object.defineProperty(InterruptError.prototype, "name", {
      value: "InterruptError",
      configurable: true,
      writable: true
    });
    module.exports = {
      RedisError,
      ParserError,
      ReplyError: ReplyError2,
      AbortError: AbortError2,
      InterruptError
    };
  }
});

// node_modules/redis-errors/lib/modern.js
var require_modern = __commonJS({
  "node_modules/redis-errors/lib/modern.js"(exports, module) {
    "use strict";
    var assert = __require("assert");
    var RedisError = class extends Error {
      get name() {
        return this.constructor.name;
      }
    };
    var ParserError = class extends RedisError {
      constructor(message, buffer, offset) {
        assert(buffer);
        assert.strictEqual(typeof offset, "number");
        const tmp = Error.stackTraceLimit;
        Error.stackTraceLimit = 2;
        super(message);
        Error.stackTraceLimit = tmp;
        this.offset = offset;
        this.buffer = buffer;
      }
      get name() {
        return this.constructor.name;
      }
    };
    var ReplyError2 = class extends RedisError {
      constructor(message) {
        const tmp = Error.stackTraceLimit;
        Error.stackTraceLimit = 2;
        super(message);
        Error.stackTraceLimit = tmp;
      }
      get name() {
        return this.constructor.name;
      }
    };
    var AbortError2 = class extends RedisError {
      get name() {
        return this.constructor.name;
      }
    };
    var InterruptError = class extends AbortError2 {
      get name() {
        return this.constructor.name;
      }
    };
    module.exports = {
      RedisError,
      ParserError,
      ReplyError: ReplyError2,
      AbortError: AbortError2,
      InterruptError
    };
  }
});

// node_modules/redis-errors/index.js
var require_redis_errors = __commonJS({
  "node_modules/redis-errors/index.js"(exports, module) {
    "use strict";
    var Errors = process.version.charCodeAt(1) < 55 && process.version.charCodeAt(2) === 46 ? require_old() : require_modern();
    module.exports = Errors;
  }
});

// node_modules/cluster-key-slot/lib/index.js
var require_lib = __commonJS({
  "node_modules/cluster-key-slot/lib/index.js"(exports, module) {
    var lookup = [
      0,
      4129,
      8258,
      12387,
      16516,
      20645,
      24774,
      28903,
      33032,
      37161,
      41290,
      45419,
      49548,
      53677,
      57806,
      61935,
      4657,
      528,
      12915,
      8786,
      21173,
      17044,
      29431,
      25302,
      37689,
      33560,
      45947,
      41818,
      54205,
      50076,
      62463,
      58334,
      9314,
      13379,
      1056,
      5121,
      25830,
      29895,
      17572,
      21637,
      42346,
      46411,
      34088,
      38153,
      58862,
      62927,
      50604,
      54669,
      13907,
      9842,
      5649,
      1584,
      30423,
      26358,
      22165,
      18100,
      46939,
      42874,
      38681,
      34616,
      63455,
      59390,
      55197,
      51132,
      18628,
      22757,
      26758,
      30887,
      2112,
      6241,
      10242,
      14371,
      51660,
      55789,
      59790,
      63919,
      35144,
      39273,
      43274,
      47403,
      23285,
      19156,
      31415,
      27286,
      6769,
      2640,
      14899,
      10770,
      56317,
      52188,
      64447,
      60318,
      39801,
      35672,
      47931,
      43802,
      27814,
      31879,
      19684,
      23749,
      11298,
      15363,
      3168,
      7233,
      60846,
      64911,
      52716,
      56781,
      44330,
      48395,
      36200,
      40265,
      32407,
      28342,
      24277,
      20212,
      15891,
      11826,
      7761,
      3696,
      65439,
      61374,
      57309,
      53244,
      48923,
      44858,
      40793,
      36728,
      37256,
      33193,
      45514,
      41451,
      53516,
      49453,
      61774,
      57711,
      4224,
      161,
      12482,
      8419,
      20484,
      16421,
      28742,
      24679,
      33721,
      37784,
      41979,
      46042,
      49981,
      54044,
      58239,
      62302,
      689,
      4752,
      8947,
      13010,
      16949,
      21012,
      25207,
      29270,
      46570,
      42443,
      38312,
      34185,
      62830,
      58703,
      54572,
      50445,
      13538,
      9411,
      5280,
      1153,
      29798,
      25671,
      21540,
      17413,
      42971,
      47098,
      34713,
      38840,
      59231,
      63358,
      50973,
      55100,
      9939,
      14066,
      1681,
      5808,
      26199,
      30326,
      17941,
      22068,
      55628,
      51565,
      63758,
      59695,
      39368,
      35305,
      47498,
      43435,
      22596,
      18533,
      30726,
      26663,
      6336,
      2273,
      14466,
      10403,
      52093,
      56156,
      60223,
      64286,
      35833,
      39896,
      43963,
      48026,
      19061,
      23124,
      27191,
      31254,
      2801,
      6864,
      10931,
      14994,
      64814,
      60687,
      56684,
      52557,
      48554,
      44427,
      40424,
      36297,
      31782,
      27655,
      23652,
      19525,
      15522,
      11395,
      7392,
      3265,
      61215,
      65342,
      53085,
      57212,
      44955,
      49082,
      36825,
      40952,
      28183,
      32310,
      20053,
      24180,
      11923,
      16050,
      3793,
      7920
    ];
    var toUTF8Array = function toUTF8Array2(str) {
      var char;
      var i = 0;
      var p = 0;
      var utf8 = [];
      var len = str.length;
      for (; i < len; i++) {
        char = str.charCodeAt(i);
        if (char < 128) {
          utf8[p++] = char;
        } else if (char < 2048) {
          utf8[p++] = char >> 6 | 192;
          utf8[p++] = char & 63 | 128;
        } else if ((char & 64512) === 55296 && i + 1 < str.length && (str.charCodeAt(i + 1) & 64512) === 56320) {
          char = 65536 + ((char & 1023) << 10) + (str.charCodeAt(++i) & 1023);
          utf8[p++] = char >> 18 | 240;
          utf8[p++] = char >> 12 & 63 | 128;
          utf8[p++] = char >> 6 & 63 | 128;
          utf8[p++] = char & 63 | 128;
        } else {
          utf8[p++] = char >> 12 | 224;
          utf8[p++] = char >> 6 & 63 | 128;
          utf8[p++] = char & 63 | 128;
        }
      }
      return utf8;
    };
    var generate = module.exports = function generate2(str) {
      var char;
      var i = 0;
      var start = -1;
      var result = 0;
      var resultHash = 0;
      var utf8 = typeof str === "string" ? toUTF8Array(str) : str;
      var len = utf8.length;
      while (i < len) {
        char = utf8[i++];
        if (start === -1) {
          if (char === 123) {
            start = i;
          }
        } else if (char !== 125) {
          resultHash = lookup[(char ^ resultHash >> 8) & 255] ^ resultHash << 8;
        } else if (i - 1 !== start) {
          return resultHash & 16383;
        }
        result = lookup[(char ^ result >> 8) & 255] ^ result << 8;
      }
      return result & 16383;
    };
    module.exports.generateMulti = function generateMulti(keys) {
      var i = 1;
      var len = keys.length;
      var base = generate(keys[0]);
      while (i < len) {
        if (generate(keys[i++]) !== base) return -1;
      }
      return base;
    };
  }
});

// node_modules/ioredis/built/utils/defaults.js
var require_defaults = __commonJS({
  "node_modules/ioredis/built/utils/defaults.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.defaults = void 0;
    var IS_UNSIGNED_INTEGER = /^(?:0|[1-9]\d*)$/;
    function isNil(value) {
      return value == null;
    }
    function eq(value, other) {
      return value === other || Number.isNaN(value) && Number.isNaN(other);
    }
    function isLength(value) {
      return Number.isSafeInteger(value) && value >= 0;
    }
    function isArrayLike(value) {
      return value != null && typeof value !== "function" && isLength(value.length);
    }
    function isObject(value) {
      return value !== null && (typeof value === "object" || typeof value === "function");
    }
    function isIndex(value, length = Number.MAX_SAFE_INTEGER) {
      switch (typeof value) {
        case "number":
          return Number.isInteger(value) && value >= 0 && value < length;
        case "symbol":
          return false;
        case "string":
          return IS_UNSIGNED_INTEGER.test(value);
      }
    }
    function isIterateeCall(value, index, object) {
      if (!isObject(object)) {
        return false;
      }
      if (typeof index === "number" && isArrayLike(object) && isIndex(index) && index < object.length || typeof index === "string" && index in object) {
        return eq(object[index], value);
      }
      return false;
    }
    function defaults(object, ...sources) {
      object = Object(object);
      const objectProto = Object.prototype;
      let length = sources.length;
      const guard = length > 2 ? sources[2] : void 0;
      if (guard && isIterateeCall(sources[0], sources[1], guard)) {
        length = 1;
      }
      for (let i = 0; i < length; i++) {
        if (isNil(sources[i])) {
          continue;
        }
        const source = sources[i];
        for (const key in source) {
          const value = object[key];
          if (value === void 0 || !objectProto.hasOwnProperty.call(object, key) && eq(value, objectProto[key])) {
            object[key] = source[key];
          }
        }
      }
      return object;
    }
    exports.defaults = defaults;
  }
});

// node_modules/ioredis/built/utils/isArguments.js
var require_isArguments = __commonJS({
  "node_modules/ioredis/built/utils/isArguments.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.isArguments = void 0;
    function getTag(value) {
      if (value == null) {
        return value === void 0 ? "[object Undefined]" : "[object Null]";
      }
      return Object.prototype.toString.call(value);
    }
    function isArguments(value) {
      return value !== null && typeof value === "object" && getTag(value) === "[object Arguments]";
    }
    exports.isArguments = isArguments;
  }
});

// node_modules/ioredis/built/utils/lodash.js
var require_lodash = __commonJS({
  "node_modules/ioredis/built/utils/lodash.js"(exports) {
    "use strict";
    var __createBinding = exports && exports.__createBinding || (Object.create ? (function(o, m, k, k2) {
      if (k2 === void 0) k2 = k;
      var desc = Object.getOwnPropertyDescriptor(m, k);
      if (!desc || ("get" in desc ? !m.__esModule : desc.writable || desc.configurable)) {
        desc = { enumerable: true, get: function() {
          return m[k];
        } };
      }
      Object.defineProperty(o, k2, desc);
    }) : (function(o, m, k, k2) {
      if (k2 === void 0) k2 = k;
      o[k2] = m[k];
    }));
    var __exportStar = exports && exports.__exportStar || function(m, exports2) {
      for (var p in m) if (p !== "default" && !Object.prototype.hasOwnProperty.call(exports2, p)) __createBinding(exports2, m, p);
    };
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.noop = void 0;
    function noop() {
    }
    exports.noop = noop;
    __exportStar(require_defaults(), exports);
    __exportStar(require_isArguments(), exports);
  }
});

// stand-in:2
var __exports2 = {};
__export(__exports2, {
  default: () => __default
});
var __default;
var init__ = __esm({
  "stand-in:2"() {
    __default = () => Object.assign(() => {
    }, { enabled: false });
  }
});

// node_modules/ioredis/built/utils/debug.js
var require_debug = __commonJS({
  "node_modules/ioredis/built/utils/debug.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.genRedactedString = exports.getStringValue = exports.MAX_ARGUMENT_LENGTH = void 0;
    var debug_1 = (init__(), __toCommonJS(__exports2));
    var MAX_ARGUMENT_LENGTH = 200;
    exports.MAX_ARGUMENT_LENGTH = MAX_ARGUMENT_LENGTH;
    var NAMESPACE_PREFIX = "ioredis";
    function getStringValue(v) {
      if (v === null) {
        return;
      }
      switch (typeof v) {
        case "boolean":
          return;
        case "number":
          return;
        case "object":
          if (Buffer.isBuffer(v)) {
            return v.toString("hex");
          }
          if (Array.isArray(v)) {
            return v.join(",");
          }
          try {
            return JSON.stringify(v);
          } catch (e) {
            return;
          }
        case "string":
          return v;
      }
    }
    exports.getStringValue = getStringValue;
    function genRedactedString(str, maxLen) {
      const { length } = str;
      return length <= maxLen ? str : str.slice(0, maxLen) + ' ... <REDACTED full-length="' + length + '">';
    }
    exports.genRedactedString = genRedactedString;
    function genDebugFunction(namespace) {
      const fn = (0, debug_1.default)(`${NAMESPACE_PREFIX}:${namespace}`);
      function wrappedDebug(...args) {
        if (!fn.enabled) {
          return;
        }
        for (let i = 1; i < args.length; i++) {
          const str = getStringValue(args[i]);
          if (typeof str === "string" && str.length > MAX_ARGUMENT_LENGTH) {
            args[i] = genRedactedString(str, MAX_ARGUMENT_LENGTH);
          }
        }
        return fn.apply(null, args);
      }
      Object.defineProperties(wrappedDebug, {
        namespace: {
          get() {
            return fn.namespace;
          }
        },
        enabled: {
          get() {
            return fn.enabled;
          }
        },
        destroy: {
          get() {
            return fn.destroy;
          }
        },
        log: {
          get() {
            return fn.log;
          },
          set(l) {
            fn.log = l;
          }
        }
      });
      return wrappedDebug;
    }
    exports.default = genDebugFunction;
  }
});

// node_modules/ioredis/built/constants/TLSProfiles.js
var require_TLSProfiles = __commonJS({
  "node_modules/ioredis/built/constants/TLSProfiles.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var RedisCloudCA = `-----BEGIN CERTIFICATE-----
MIIDTzCCAjegAwIBAgIJAKSVpiDswLcwMA0GCSqGSIb3DQEBBQUAMD4xFjAUBgNV
BAoMDUdhcmFudGlhIERhdGExJDAiBgNVBAMMG1NTTCBDZXJ0aWZpY2F0aW9uIEF1
dGhvcml0eTAeFw0xMzEwMDExMjE0NTVaFw0yMzA5MjkxMjE0NTVaMD4xFjAUBgNV
BAoMDUdhcmFudGlhIERhdGExJDAiBgNVBAMMG1NTTCBDZXJ0aWZpY2F0aW9uIEF1
dGhvcml0eTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBALZqkh/DczWP
JnxnHLQ7QL0T4B4CDKWBKCcisriGbA6ZePWVNo4hfKQC6JrzfR+081NeD6VcWUiz
rmd+jtPhIY4c+WVQYm5PKaN6DT1imYdxQw7aqO5j2KUCEh/cznpLxeSHoTxlR34E
QwF28Wl3eg2vc5ct8LjU3eozWVk3gb7alx9mSA2SgmuX5lEQawl++rSjsBStemY2
BDwOpAMXIrdEyP/cVn8mkvi/BDs5M5G+09j0gfhyCzRWMQ7Hn71u1eolRxwVxgi3
TMn+/vTaFSqxKjgck6zuAYjBRPaHe7qLxHNr1So/Mc9nPy+3wHebFwbIcnUojwbp
4nctkWbjb2cCAwEAAaNQME4wHQYDVR0OBBYEFP1whtcrydmW3ZJeuSoKZIKjze3w
MB8GA1UdIwQYMBaAFP1whtcrydmW3ZJeuSoKZIKjze3wMAwGA1UdEwQFMAMBAf8w
DQYJKoZIhvcNAQEFBQADggEBAG2erXhwRAa7+ZOBs0B6X57Hwyd1R4kfmXcs0rta
lbPpvgULSiB+TCbf3EbhJnHGyvdCY1tvlffLjdA7HJ0PCOn+YYLBA0pTU/dyvrN6
Su8NuS5yubnt9mb13nDGYo1rnt0YRfxN+8DM3fXIVr038A30UlPX2Ou1ExFJT0MZ
uFKY6ZvLdI6/1cbgmguMlAhM+DhKyV6Sr5699LM3zqeI816pZmlREETYkGr91q7k
BpXJu/dtHaGxg1ZGu6w/PCsYGUcECWENYD4VQPd8N32JjOfu6vEgoEAwfPP+3oGp
Z4m3ewACcWOAenqflb+cQYC4PsF7qbXDmRaWrbKntOlZ3n0=
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIIGMTCCBBmgAwIBAgICEAAwDQYJKoZIhvcNAQELBQAwajELMAkGA1UEBhMCVVMx
CzAJBgNVBAgMAkNBMQswCQYDVQQHDAJDQTESMBAGA1UECgwJUmVkaXNMYWJzMS0w
KwYDVQQDDCRSZWRpc0xhYnMgUm9vdCBDZXJ0aWZpY2F0ZSBBdXRob3JpdHkwHhcN
MTgwMjI1MTUzNzM3WhcNMjgwMjIzMTUzNzM3WjBfMQswCQYDVQQGEwJVUzELMAkG
A1UECAwCQ0ExEjAQBgNVBAoMCVJlZGlzTGFiczEvMC0GA1UEAwwmUkNQIEludGVy
bWVkaWF0ZSBDZXJ0aWZpY2F0ZSBBdXRob3JpdHkwggIiMA0GCSqGSIb3DQEBAQUA
A4ICDwAwggIKAoICAQDf9dqbxc8Bq7Ctq9rWcxrGNKKHivqLAFpPq02yLPx6fsOv
Tq7GsDChAYBBc4v7Y2Ap9RD5Vs3dIhEANcnolf27QwrG9RMnnvzk8pCvp1o6zSU4
VuOE1W66/O1/7e2rVxyrnTcP7UgK43zNIXu7+tiAqWsO92uSnuMoGPGpeaUm1jym
hjWKtkAwDFSqvHY+XL5qDVBEjeUe+WHkYUg40cAXjusAqgm2hZt29c2wnVrxW25W
P0meNlzHGFdA2AC5z54iRiqj57dTfBTkHoBczQxcyw6hhzxZQ4e5I5zOKjXXEhZN
r0tA3YC14CTabKRus/JmZieyZzRgEy2oti64tmLYTqSlAD78pRL40VNoaSYetXLw
hhNsXCHgWaY6d5bLOc/aIQMAV5oLvZQKvuXAF1IDmhPA+bZbpWipp0zagf1P1H3s
UzsMdn2KM0ejzgotbtNlj5TcrVwpmvE3ktvUAuA+hi3FkVx1US+2Gsp5x4YOzJ7u
P1WPk6ShF0JgnJH2ILdj6kttTWwFzH17keSFICWDfH/+kM+k7Y1v3EXMQXE7y0T9
MjvJskz6d/nv+sQhY04xt64xFMGTnZjlJMzfQNi7zWFLTZnDD0lPowq7l3YiPoTT
t5Xky83lu0KZsZBo0WlWaDG00gLVdtRgVbcuSWxpi5BdLb1kRab66JptWjxwXQID
AQABo4HrMIHoMDoGA1UdHwQzMDEwL6AtoCuGKWh0dHBzOi8vcmwtY2Etc2VydmVy
LnJlZGlzbGFicy5jb20vdjEvY3JsMEYGCCsGAQUFBwEBBDowODA2BggrBgEFBQcw
AYYqaHR0cHM6Ly9ybC1jYS1zZXJ2ZXIucmVkaXNsYWJzLmNvbS92MS9vY3NwMB0G
A1UdDgQWBBQHar5OKvQUpP2qWt6mckzToeCOHDAfBgNVHSMEGDAWgBQi42wH6hM4
L2sujEvLM0/u8lRXTzASBgNVHRMBAf8ECDAGAQH/AgEAMA4GA1UdDwEB/wQEAwIB
hjANBgkqhkiG9w0BAQsFAAOCAgEAirEn/iTsAKyhd+pu2W3Z5NjCko4NPU0EYUbr
AP7+POK2rzjIrJO3nFYQ/LLuC7KCXG+2qwan2SAOGmqWst13Y+WHp44Kae0kaChW
vcYLXXSoGQGC8QuFSNUdaeg3RbMDYFT04dOkqufeWVccoHVxyTSg9eD8LZuHn5jw
7QDLiEECBmIJHk5Eeo2TAZrx4Yx6ufSUX5HeVjlAzqwtAqdt99uCJ/EL8bgpWbe+
XoSpvUv0SEC1I1dCAhCKAvRlIOA6VBcmzg5Am12KzkqTul12/VEFIgzqu0Zy2Jbc
AUPrYVu/+tOGXQaijy7YgwH8P8n3s7ZeUa1VABJHcxrxYduDDJBLZi+MjheUDaZ1
jQRHYevI2tlqeSBqdPKG4zBY5lS0GiAlmuze5oENt0P3XboHoZPHiqcK3VECgTVh
/BkJcuudETSJcZDmQ8YfoKfBzRQNg2sv/hwvUv73Ss51Sco8GEt2lD8uEdib1Q6z
zDT5lXJowSzOD5ZA9OGDjnSRL+2riNtKWKEqvtEG3VBJoBzu9GoxbAc7wIZLxmli
iF5a/Zf5X+UXD3s4TMmy6C4QZJpAA2egsSQCnraWO2ULhh7iXMysSkF/nzVfZn43
iqpaB8++9a37hWq14ZmOv0TJIDz//b2+KC4VFXWQ5W5QC6whsjT+OlG4p5ZYG0jo
616pxqo=
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIIFujCCA6KgAwIBAgIJAJ1aTT1lu2ScMA0GCSqGSIb3DQEBCwUAMGoxCzAJBgNV
BAYTAlVTMQswCQYDVQQIDAJDQTELMAkGA1UEBwwCQ0ExEjAQBgNVBAoMCVJlZGlz
TGFiczEtMCsGA1UEAwwkUmVkaXNMYWJzIFJvb3QgQ2VydGlmaWNhdGUgQXV0aG9y
aXR5MB4XDTE4MDIyNTE1MjA0MloXDTM4MDIyMDE1MjA0MlowajELMAkGA1UEBhMC
VVMxCzAJBgNVBAgMAkNBMQswCQYDVQQHDAJDQTESMBAGA1UECgwJUmVkaXNMYWJz
MS0wKwYDVQQDDCRSZWRpc0xhYnMgUm9vdCBDZXJ0aWZpY2F0ZSBBdXRob3JpdHkw
ggIiMA0GCSqGSIb3DQEBAQUAA4ICDwAwggIKAoICAQDLEjXy7YrbN5Waau5cd6g1
G5C2tMmeTpZ0duFAPxNU4oE3RHS5gGiok346fUXuUxbZ6QkuzeN2/2Z+RmRcJhQY
Dm0ZgdG4x59An1TJfnzKKoWj8ISmoHS/TGNBdFzXV7FYNLBuqZouqePI6ReC6Qhl
pp45huV32Q3a6IDrrvx7Wo5ZczEQeFNbCeCOQYNDdTmCyEkHqc2AGo8eoIlSTutT
ULOC7R5gzJVTS0e1hesQ7jmqHjbO+VQS1NAL4/5K6cuTEqUl+XhVhPdLWBXJQ5ag
54qhX4v+ojLzeU1R/Vc6NjMvVtptWY6JihpgplprN0Yh2556ewcXMeturcKgXfGJ
xeYzsjzXerEjrVocX5V8BNrg64NlifzTMKNOOv4fVZszq1SIHR8F9ROrqiOdh8iC
JpUbLpXH9hWCSEO6VRMB2xJoKu3cgl63kF30s77x7wLFMEHiwsQRKxooE1UhgS9K
2sO4TlQ1eWUvFvHSTVDQDlGQ6zu4qjbOpb3Q8bQwoK+ai2alkXVR4Ltxe9QlgYK3
StsnPhruzZGA0wbXdpw0bnM+YdlEm5ffSTpNIfgHeaa7Dtb801FtA71ZlH7A6TaI
SIQuUST9EKmv7xrJyx0W1pGoPOLw5T029aTjnICSLdtV9bLwysrLhIYG5bnPq78B
cS+jZHFGzD7PUVGQD01nOQIDAQABo2MwYTAdBgNVHQ4EFgQUIuNsB+oTOC9rLoxL
yzNP7vJUV08wHwYDVR0jBBgwFoAUIuNsB+oTOC9rLoxLyzNP7vJUV08wDwYDVR0T
AQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAYYwDQYJKoZIhvcNAQELBQADggIBAHfg
z5pMNUAKdMzK1aS1EDdK9yKz4qicILz5czSLj1mC7HKDRy8cVADUxEICis++CsCu
rYOvyCVergHQLREcxPq4rc5Nq1uj6J6649NEeh4WazOOjL4ZfQ1jVznMbGy+fJm3
3Hoelv6jWRG9iqeJZja7/1s6YC6bWymI/OY1e4wUKeNHAo+Vger7MlHV+RuabaX+
hSJ8bJAM59NCM7AgMTQpJCncrcdLeceYniGy5Q/qt2b5mJkQVkIdy4TPGGB+AXDJ
D0q3I/JDRkDUFNFdeW0js7fHdsvCR7O3tJy5zIgEV/o/BCkmJVtuwPYOrw/yOlKj
TY/U7ATAx9VFF6/vYEOMYSmrZlFX+98L6nJtwDqfLB5VTltqZ4H/KBxGE3IRSt9l
FXy40U+LnXzhhW+7VBAvyYX8GEXhHkKU8Gqk1xitrqfBXY74xKgyUSTolFSfFVgj
mcM/X4K45bka+qpkj7Kfv/8D4j6aZekwhN2ly6hhC1SmQ8qjMjpG/mrWOSSHZFmf
ybu9iD2AYHeIOkshIl6xYIa++Q/00/vs46IzAbQyriOi0XxlSMMVtPx0Q3isp+ji
n8Mq9eOuxYOEQ4of8twUkUDd528iwGtEdwf0Q01UyT84S62N8AySl1ZBKXJz6W4F
UhWfa/HQYOAPDdEjNgnVwLI23b8t0TozyCWw7q8h
-----END CERTIFICATE-----

-----BEGIN CERTIFICATE-----
MIIEjzCCA3egAwIBAgIQe55B/ALCKJDZtdNT8kD6hTANBgkqhkiG9w0BAQsFADBM
MSAwHgYDVQQLExdHbG9iYWxTaWduIFJvb3QgQ0EgLSBSMzETMBEGA1UEChMKR2xv
YmFsU2lnbjETMBEGA1UEAxMKR2xvYmFsU2lnbjAeFw0yMjAxMjYxMjAwMDBaFw0y
NTAxMjYwMDAwMDBaMFgxCzAJBgNVBAYTAkJFMRkwFwYDVQQKExBHbG9iYWxTaWdu
IG52LXNhMS4wLAYDVQQDEyVHbG9iYWxTaWduIEF0bGFzIFIzIE9WIFRMUyBDQSAy
MDIyIFEyMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmGmg1LW9b7Lf
8zDD83yBDTEkt+FOxKJZqF4veWc5KZsQj9HfnUS2e5nj/E+JImlGPsQuoiosLuXD
BVBNAMcUFa11buFMGMeEMwiTmCXoXRrXQmH0qjpOfKgYc5gHG3BsRGaRrf7VR4eg
ofNMG9wUBw4/g/TT7+bQJdA4NfE7Y4d5gEryZiBGB/swaX6Jp/8MF4TgUmOWmalK
dZCKyb4sPGQFRTtElk67F7vU+wdGcrcOx1tDcIB0ncjLPMnaFicagl+daWGsKqTh
counQb6QJtYHa91KvCfKWocMxQ7OIbB5UARLPmC4CJ1/f8YFm35ebfzAeULYdGXu
jE9CLor0OwIDAQABo4IBXzCCAVswDgYDVR0PAQH/BAQDAgGGMB0GA1UdJQQWMBQG
CCsGAQUFBwMBBggrBgEFBQcDAjASBgNVHRMBAf8ECDAGAQH/AgEAMB0GA1UdDgQW
BBSH5Zq7a7B/t95GfJWkDBpA8HHqdjAfBgNVHSMEGDAWgBSP8Et/qC5FJK5NUPpj
move4t0bvDB7BggrBgEFBQcBAQRvMG0wLgYIKwYBBQUHMAGGImh0dHA6Ly9vY3Nw
Mi5nbG9iYWxzaWduLmNvbS9yb290cjMwOwYIKwYBBQUHMAKGL2h0dHA6Ly9zZWN1
cmUuZ2xvYmFsc2lnbi5jb20vY2FjZXJ0L3Jvb3QtcjMuY3J0MDYGA1UdHwQvMC0w
K6ApoCeGJWh0dHA6Ly9jcmwuZ2xvYmFsc2lnbi5jb20vcm9vdC1yMy5jcmwwIQYD
VR0gBBowGDAIBgZngQwBAgIwDAYKKwYBBAGgMgoBAjANBgkqhkiG9w0BAQsFAAOC
AQEAKRic9/f+nmhQU/wz04APZLjgG5OgsuUOyUEZjKVhNGDwxGTvKhyXGGAMW2B/
3bRi+aElpXwoxu3pL6fkElbX3B0BeS5LoDtxkyiVEBMZ8m+sXbocwlPyxrPbX6mY
0rVIvnuUeBH8X0L5IwfpNVvKnBIilTbcebfHyXkPezGwz7E1yhUULjJFm2bt0SdX
y+4X/WeiiYIv+fTVgZZgl+/2MKIsu/qdBJc3f3TvJ8nz+Eax1zgZmww+RSQWeOj3
15Iw6Z5FX+NwzY/Ab+9PosR5UosSeq+9HhtaxZttXG1nVh+avYPGYddWmiMT90J5
ZgKnO/Fx2hBgTxhOTMYaD312kg==
-----END CERTIFICATE-----

-----BEGIN CERTIFICATE-----
MIIDXzCCAkegAwIBAgILBAAAAAABIVhTCKIwDQYJKoZIhvcNAQELBQAwTDEgMB4G
A1UECxMXR2xvYmFsU2lnbiBSb290IENBIC0gUjMxEzARBgNVBAoTCkdsb2JhbFNp
Z24xEzARBgNVBAMTCkdsb2JhbFNpZ24wHhcNMDkwMzE4MTAwMDAwWhcNMjkwMzE4
MTAwMDAwWjBMMSAwHgYDVQQLExdHbG9iYWxTaWduIFJvb3QgQ0EgLSBSMzETMBEG
A1UEChMKR2xvYmFsU2lnbjETMBEGA1UEAxMKR2xvYmFsU2lnbjCCASIwDQYJKoZI
hvcNAQEBBQADggEPADCCAQoCggEBAMwldpB5BngiFvXAg7aEyiie/QV2EcWtiHL8
RgJDx7KKnQRfJMsuS+FggkbhUqsMgUdwbN1k0ev1LKMPgj0MK66X17YUhhB5uzsT
gHeMCOFJ0mpiLx9e+pZo34knlTifBtc+ycsmWQ1z3rDI6SYOgxXG71uL0gRgykmm
KPZpO/bLyCiR5Z2KYVc3rHQU3HTgOu5yLy6c+9C7v/U9AOEGM+iCK65TpjoWc4zd
QQ4gOsC0p6Hpsk+QLjJg6VfLuQSSaGjlOCZgdbKfd/+RFO+uIEn8rUAVSNECMWEZ
XriX7613t2Saer9fwRPvm2L7DWzgVGkWqQPabumDk3F2xmmFghcCAwEAAaNCMEAw
DgYDVR0PAQH/BAQDAgEGMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFI/wS3+o
LkUkrk1Q+mOai97i3Ru8MA0GCSqGSIb3DQEBCwUAA4IBAQBLQNvAUKr+yAzv95ZU
RUm7lgAJQayzE4aGKAczymvmdLm6AC2upArT9fHxD4q/c2dKg8dEe3jgr25sbwMp
jjM5RcOO5LlXbKr8EpbsU8Yt5CRsuZRj+9xTaGdWPoO4zzUhw8lo/s7awlOqzJCK
6fBdRoyV3XpYKBovHd7NADdBj+1EbddTKJd+82cEHhXXipa0095MJ6RMG3NzdvQX
mcIfeg7jLQitChws/zyrVQ4PkX4268NXSb7hLi18YIvDQVETI53O9zJrlAGomecs
Mx86OyXShkDOOyyGeMlhLxS67ttVb9+E7gUJTb0o2HLO02JQZR7rkpeDMdmztcpH
WD9f
-----END CERTIFICATE-----`;
    var TLSProfiles = {
      RedisCloudFixed: { ca: RedisCloudCA },
      RedisCloudFlexible: { ca: RedisCloudCA }
    };
    exports.default = TLSProfiles;
  }
});

// node_modules/ioredis/built/utils/index.js
var require_utils2 = __commonJS({
  "node_modules/ioredis/built/utils/index.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.noop = exports.isArguments = exports.defaults = exports.Debug = exports.zipMap = exports.isResp2SubscriberMode = exports.CONNECTION_CLOSED_ERROR_MSG = exports.shuffle = exports.sample = exports.resolveTLSProfile = exports.parseURL = exports.optimizeErrorStack = exports.toArg = exports.convertMapToArray = exports.convertObjectToArray = exports.timeout = exports.packObject = exports.isInt = exports.wrapMultiResult = exports.convertBufferToString = void 0;
    var lodash_1 = require_lodash();
    Object.defineProperty(exports, "defaults", { enumerable: true, get: function() {
      return lodash_1.defaults;
    } });
    Object.defineProperty(exports, "isArguments", { enumerable: true, get: function() {
      return lodash_1.isArguments;
    } });
    Object.defineProperty(exports, "noop", { enumerable: true, get: function() {
      return lodash_1.noop;
    } });
    var debug_1 = require_debug();
    exports.Debug = debug_1.default;
    var TLSProfiles_1 = require_TLSProfiles();
    function convertBufferToString(value, encoding) {
      if (value instanceof Buffer) {
        return value.toString(encoding);
      }
      if (Array.isArray(value)) {
        const length = value.length;
        const res = Array(length);
        for (let i = 0; i < length; ++i) {
          res[i] = value[i] instanceof Buffer && encoding === "utf8" ? value[i].toString() : convertBufferToString(value[i], encoding);
        }
        return res;
      }
      if (isPlainObject(value)) {
        const keys = Object.keys(value);
        const res = {};
        for (const element of keys) {
          const item = value[element];
          const converted = item instanceof Buffer && encoding === "utf8" ? item.toString() : convertBufferToString(item, encoding);
          if (element === "__proto__" || element === "constructor") {
            Object.defineProperty(res, element, {
              value: converted,
              configurable: true,
              enumerable: true,
              writable: true
            });
          } else {
            res[element] = converted;
          }
        }
        return res;
      }
      return value;
    }
    exports.convertBufferToString = convertBufferToString;
    function isPlainObject(value) {
      if (value === null || typeof value !== "object") {
        return false;
      }
      const proto = Object.getPrototypeOf(value);
      return proto === Object.prototype || proto === null;
    }
    function wrapMultiResult(arr) {
      if (!arr) {
        return null;
      }
      const result = [];
      const length = arr.length;
      for (let i = 0; i < length; ++i) {
        const item = arr[i];
        if (item instanceof Error) {
          result.push([item]);
        } else {
          result.push([null, item]);
        }
      }
      return result;
    }
    exports.wrapMultiResult = wrapMultiResult;
    function isInt(value) {
      const x = parseFloat(value);
      return !isNaN(value) && (x | 0) === x;
    }
    exports.isInt = isInt;
    function packObject(array) {
      const result = {};
      const length = array.length;
      for (let i = 1; i < length; i += 2) {
        result[array[i - 1]] = array[i];
      }
      return result;
    }
    exports.packObject = packObject;
    function timeout(callback, timeout2) {
      let timer = null;
      const run2 = function() {
        if (timer) {
          clearTimeout(timer);
          timer = null;
          callback.apply(this, arguments);
        }
      };
      timer = setTimeout(run2, timeout2, new Error("timeout"));
      return run2;
    }
    exports.timeout = timeout;
    function convertObjectToArray(obj) {
      const result = [];
      const keys = Object.keys(obj);
      for (let i = 0, l = keys.length; i < l; i++) {
        result.push(keys[i], obj[keys[i]]);
      }
      return result;
    }
    exports.convertObjectToArray = convertObjectToArray;
    function convertMapToArray(map) {
      const result = [];
      let pos = 0;
      map.forEach(function(value, key) {
        result[pos] = key;
        result[pos + 1] = value;
        pos += 2;
      });
      return result;
    }
    exports.convertMapToArray = convertMapToArray;
    function toArg(arg) {
      if (arg === null || typeof arg === "undefined") {
        return "";
      }
      if (typeof arg === "number" && Number.isInteger(arg) && !Number.isSafeInteger(arg)) {
        return BigInt(arg).toString();
      }
      return String(arg);
    }
    exports.toArg = toArg;
    function optimizeErrorStack(error2, friendlyStack, filterPath) {
      const stacks = friendlyStack.split("\n");
      let lines = "";
      let i;
      for (i = 1; i < stacks.length; ++i) {
        if (stacks[i].indexOf(filterPath) === -1) {
          break;
        }
      }
      for (let j = i; j < stacks.length; ++j) {
        lines += "\n" + stacks[j];
      }
      if (error2.stack) {
        const pos = error2.stack.indexOf("\n");
        error2.stack = error2.stack.slice(0, pos) + lines;
      }
      return error2;
    }
    exports.optimizeErrorStack = optimizeErrorStack;
    function parseURL(url) {
      if (isInt(url)) {
        return { port: url };
      }
      const rawUrl = url;
      const hasProtocol = /^rediss?:\/\//i.test(rawUrl);
      const isProtocolRelative = rawUrl.startsWith("//");
      if (rawUrl[0] === "/" && !isProtocolRelative) {
        const qIdx = rawUrl.indexOf("?");
        const result2 = {
          path: qIdx === -1 ? rawUrl : rawUrl.slice(0, qIdx)
        };
        if (qIdx !== -1) {
          const options2 = {};
          const params = new URLSearchParams(rawUrl.slice(qIdx + 1));
          params.forEach((value, key) => {
            options2[key] = parseURLQueryItem(key, value);
          });
          (0, lodash_1.defaults)(result2, options2);
        }
        return result2;
      }
      let parsed;
      if (hasProtocol) {
        parsed = new URL(rawUrl);
      } else if (isProtocolRelative) {
        parsed = new URL("redis:" + rawUrl);
      } else {
        parsed = new URL("redis://" + rawUrl);
      }
      const options = {};
      parsed.searchParams.forEach((value, key) => {
        options[key] = parseURLQueryItem(key, value);
      });
      const result = {};
      if (parsed.username || parsed.password) {
        result.username = decodeURIComponent(parsed.username);
        result.password = decodeURIComponent(parsed.password);
      }
      if (parsed.pathname && parsed.pathname !== "/") {
        if (hasProtocol || isProtocolRelative) {
          if (parsed.pathname.length > 1) {
            result.db = parsed.pathname.slice(1);
          }
        } else {
          result.path = parsed.pathname;
        }
      }
      if (parsed.hostname) {
        result.host = parsed.hostname.replace(/^\[|\]$/g, "");
      }
      if (parsed.port) {
        result.port = parsed.port;
      }
      (0, lodash_1.defaults)(result, options);
      return result;
    }
    exports.parseURL = parseURL;
    function parseURLQueryItem(key, value) {
      if (key === "family") {
        const intFamily = Number.parseInt(value, 10);
        if (!Number.isNaN(intFamily)) {
          return intFamily;
        }
      }
      return value;
    }
    function resolveTLSProfile(options) {
      let tls = options?.tls;
      if (typeof tls === "string")
        tls = { profile: tls };
      const profile = TLSProfiles_1.default[tls?.profile];
      if (profile) {
        tls = Object.assign({}, profile, tls);
        delete tls.profile;
        options = Object.assign({}, options, { tls });
      }
      return options;
    }
    exports.resolveTLSProfile = resolveTLSProfile;
    function sample(array, from = 0) {
      const length = array.length;
      if (from >= length) {
        return null;
      }
      return array[from + Math.floor(Math.random() * (length - from))];
    }
    exports.sample = sample;
    function shuffle(array) {
      let counter = array.length;
      while (counter > 0) {
        const index = Math.floor(Math.random() * counter);
        counter--;
        [array[counter], array[index]] = [array[index], array[counter]];
      }
      return array;
    }
    exports.shuffle = shuffle;
    exports.CONNECTION_CLOSED_ERROR_MSG = "Connection is closed.";
    function isResp2SubscriberMode(condition) {
      return Boolean(condition?.subscriber) && condition?.protocol !== 3;
    }
    exports.isResp2SubscriberMode = isResp2SubscriberMode;
    function zipMap(keys, values) {
      const map = /* @__PURE__ */ new Map();
      keys.forEach((key, index) => {
        map.set(key, values[index]);
      });
      return map;
    }
    exports.zipMap = zipMap;
  }
});

// node_modules/ioredis/built/utils/argumentParsers.js
var require_argumentParsers = __commonJS({
  "node_modules/ioredis/built/utils/argumentParsers.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.parseBlockOption = exports.parseSecondsArgument = void 0;
    var parseNumberArgument = (arg) => {
      if (typeof arg === "number") {
        return arg;
      }
      if (Buffer.isBuffer(arg)) {
        return parseNumberArgument(arg.toString());
      }
      if (typeof arg === "string") {
        const value = Number(arg);
        return Number.isFinite(value) ? value : void 0;
      }
      return void 0;
    };
    var parseStringArgument = (arg) => {
      if (typeof arg === "string") {
        return arg;
      }
      if (Buffer.isBuffer(arg)) {
        return arg.toString();
      }
      return void 0;
    };
    var parseSecondsArgument = (arg) => {
      const value = parseNumberArgument(arg);
      if (value === void 0) {
        return void 0;
      }
      if (value <= 0) {
        return 0;
      }
      return value * 1e3;
    };
    exports.parseSecondsArgument = parseSecondsArgument;
    var parseBlockOption = (args) => {
      for (let i = 0; i < args.length; i++) {
        const token = parseStringArgument(args[i]);
        if (token && token.toLowerCase() === "block") {
          const duration2 = parseNumberArgument(args[i + 1]);
          if (duration2 === void 0) {
            return void 0;
          }
          if (duration2 <= 0) {
            return 0;
          }
          return duration2;
        }
      }
      return null;
    };
    exports.parseBlockOption = parseBlockOption;
  }
});

// node_modules/ioredis/built/replyTransformers.js
var require_replyTransformers = __commonJS({
  "node_modules/ioredis/built/replyTransformers.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.sortedSetWithScorePairCommands = exports.transformStreamReadReply = exports.transformPairReply = exports.transformVsimReply = exports.wrapStreamMapPairs = exports.flattenNestedArrayItems = exports.passthroughReplyTransformer = void 0;
    var passthroughReplyTransformer = function(result) {
      return result;
    };
    exports.passthroughReplyTransformer = passthroughReplyTransformer;
    var flattenNestedArrayItems = function(result) {
      if (!Array.isArray(result)) {
        return result;
      }
      let flat = null;
      for (let i = 0; i < result.length; i++) {
        const item = result[i];
        if (Array.isArray(item)) {
          if (!flat) {
            flat = result.slice(0, i);
          }
          flat.push(...item);
        } else if (flat) {
          flat.push(item);
        }
      }
      return flat ?? result;
    };
    exports.flattenNestedArrayItems = flattenNestedArrayItems;
    var flattenPairTransformers = {
      2: {
        legacy: exports.passthroughReplyTransformer,
        resp3: exports.passthroughReplyTransformer
      },
      3: {
        legacy: exports.flattenNestedArrayItems,
        resp3: exports.passthroughReplyTransformer
      }
    };
    var vsimTransformers = {
      2: {
        legacy: exports.flattenNestedArrayItems,
        resp3: exports.passthroughReplyTransformer
      },
      3: {
        legacy: exports.flattenNestedArrayItems,
        resp3: exports.passthroughReplyTransformer
      }
    };
    var wrapStreamMapPairs = function(result) {
      if (!Array.isArray(result)) {
        return result;
      }
      const wrapped = [];
      for (let i = 0; i < result.length; i += 2) {
        wrapped.push([result[i], result[i + 1]]);
      }
      return wrapped;
    };
    exports.wrapStreamMapPairs = wrapStreamMapPairs;
    var streamReadTransformers = {
      2: {
        legacy: exports.passthroughReplyTransformer,
        resp3: exports.passthroughReplyTransformer
      },
      3: {
        legacy: exports.wrapStreamMapPairs,
        resp3: exports.passthroughReplyTransformer
      }
    };
    var transformVsimReply = function(result, context) {
      return vsimTransformers[context.protocol][context.replyMapping](result, context);
    };
    exports.transformVsimReply = transformVsimReply;
    var transformPairReply = function(result, context) {
      return flattenPairTransformers[context.protocol][context.replyMapping](result, context);
    };
    exports.transformPairReply = transformPairReply;
    var transformStreamReadReply = function(result, context) {
      return streamReadTransformers[context.protocol][context.replyMapping](result, context);
    };
    exports.transformStreamReadReply = transformStreamReadReply;
    exports.sortedSetWithScorePairCommands = [
      "zdiff",
      "zinter",
      "zpopmax",
      "zpopmin",
      "zunion",
      "zrandmember",
      "zrange",
      "zrangebyscore",
      "zrevrange",
      "zrevrangebyscore"
    ];
  }
});

// node_modules/ioredis/built/Command.js
var require_Command = __commonJS({
  "node_modules/ioredis/built/Command.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var commands_1 = require_built();
    var calculateSlot = require_lib();
    var standard_as_callback_1 = require_built2();
    var utils_1 = require_utils2();
    var argumentParsers_1 = require_argumentParsers();
    var replyTransformers_1 = require_replyTransformers();
    var Command2 = class _Command {
      /**
       * Check whether the command has the flag
       */
      static checkFlag(flagName, commandName) {
        commandName = commandName.toLowerCase();
        return !!this.getFlagMap()[flagName][commandName];
      }
      static setArgumentTransformer(name3, func) {
        this._transformer.argument[name3] = func;
      }
      static setReplyTransformer(name3, func) {
        this._transformer.reply[name3] = func;
      }
      static getFlagMap() {
        if (!this.flagMap) {
          this.flagMap = Object.keys(_Command.FLAGS).reduce((map, flagName) => {
            map[flagName] = {};
            _Command.FLAGS[flagName].forEach((commandName) => {
              map[flagName][commandName] = true;
            });
            return map;
          }, {});
        }
        return this.flagMap;
      }
      /**
       * Creates an instance of Command.
       * @param name Command name
       * @param args An array of command arguments
       * @param options
       * @param callback The callback that handles the response.
       * If omit, the response will be handled via Promise
       */
      constructor(name3, args = [], options = {}, callback) {
        this.name = name3;
        this.inTransaction = false;
        this.isTraced = false;
        this.isResolved = false;
        this.isSettled = false;
        this.transformed = false;
        this.replyEncoding = options.replyEncoding;
        this.protocol = 2;
        this.replyMapping = "legacy";
        this.errorStack = options.errorStack;
        this.args = args.flat();
        this.callback = callback;
        this.initPromise();
        if (options.keyPrefix) {
          const isBufferKeyPrefix = options.keyPrefix instanceof Buffer;
          let keyPrefixBuffer = isBufferKeyPrefix ? options.keyPrefix : null;
          this._iterateKeys((key) => {
            if (key instanceof Buffer) {
              if (keyPrefixBuffer === null) {
                keyPrefixBuffer = Buffer.from(options.keyPrefix);
              }
              return Buffer.concat([keyPrefixBuffer, key]);
            } else if (isBufferKeyPrefix) {
              return Buffer.concat([options.keyPrefix, Buffer.from(String(key))]);
            }
            return options.keyPrefix + key;
          });
        }
        if (options.readOnly) {
          this.isReadOnly = true;
        }
      }
      getSlot() {
        if (typeof this.slot === "undefined") {
          const key = this.getKeys()[0];
          this.slot = key == null ? null : calculateSlot(key);
        }
        return this.slot;
      }
      getKeys() {
        return this._iterateKeys();
      }
      setReplyContext(context) {
        this.protocol = context?.protocol ?? 2;
        this.replyMapping = context?.replyMapping ?? "legacy";
      }
      /**
       * Convert command to writable buffer or string
       */
      toWritable(_socket) {
        let result;
        const commandStr = "*" + (this.args.length + 1) + "\r\n$" + Buffer.byteLength(this.name) + "\r\n" + this.name + "\r\n";
        if (this.bufferMode) {
          const buffers = new MixedBuffers();
          buffers.push(commandStr);
          for (let i = 0; i < this.args.length; ++i) {
            const arg = this.args[i];
            if (arg instanceof Buffer) {
              if (arg.length === 0) {
                buffers.push("$0\r\n\r\n");
              } else {
                buffers.push("$" + arg.length + "\r\n");
                buffers.push(arg);
                buffers.push("\r\n");
              }
            } else {
              buffers.push("$" + Buffer.byteLength(arg) + "\r\n" + arg + "\r\n");
            }
          }
          result = buffers.toBuffer();
        } else {
          result = commandStr;
          for (let i = 0; i < this.args.length; ++i) {
            const arg = this.args[i];
            result += "$" + Buffer.byteLength(arg) + "\r\n" + arg + "\r\n";
          }
        }
        return result;
      }
      stringifyArguments() {
        for (let i = 0; i < this.args.length; ++i) {
          const arg = this.args[i];
          if (typeof arg === "string") {
          } else if (arg instanceof Buffer) {
            this.bufferMode = true;
          } else {
            this.args[i] = (0, utils_1.toArg)(arg);
          }
        }
      }
      /**
       * Convert buffer/buffer[] to string/string[],
       * and apply reply transformer.
       */
      transformReply(result) {
        if (this.replyEncoding) {
          result = (0, utils_1.convertBufferToString)(result, this.replyEncoding);
        }
        const transformer = _Command._transformer.reply[this.name];
        if (transformer) {
          result = transformer(result, {
            commandName: this.name,
            protocol: this.protocol,
            replyMapping: this.replyMapping
          });
        }
        return result;
      }
      /**
       * Set the wait time before terminating the attempt to execute a command
       * and generating an error.
       */
      setTimeout(ms) {
        if (!this._commandTimeoutTimer) {
          this._commandTimeoutTimer = setTimeout(() => {
            if (!this.isSettled) {
              this.reject(new Error("Command timed out"));
            }
          }, ms);
        }
      }
      /**
       * Set a timeout for blocking commands.
       * When the timeout expires, the command resolves with null (matching Redis behavior).
       * This handles the case of undetectable network failures (e.g., docker network disconnect)
       * where the TCP connection becomes a zombie and no close event fires.
       */
      setBlockingTimeout(ms) {
        if (ms <= 0) {
          return;
        }
        if (this._blockingTimeoutTimer) {
          clearTimeout(this._blockingTimeoutTimer);
          this._blockingTimeoutTimer = void 0;
        }
        const now = Date.now();
        if (this._blockingDeadline === void 0) {
          this._blockingDeadline = now + ms;
        }
        const remaining = this._blockingDeadline - now;
        if (remaining <= 0) {
          this.resolve(null);
          return;
        }
        this._blockingTimeoutTimer = setTimeout(() => {
          if (this.isSettled) {
            this._blockingTimeoutTimer = void 0;
            return;
          }
          this._blockingTimeoutTimer = void 0;
          this.resolve(null);
        }, remaining);
      }
      /**
       * Extract the blocking timeout from the command arguments.
       *
       * @returns The timeout in seconds, null for indefinite blocking (timeout of 0),
       *          or undefined if this is not a blocking command
       */
      extractBlockingTimeout() {
        const args = this.args;
        if (!args || args.length === 0) {
          return void 0;
        }
        const name3 = this.name.toLowerCase();
        if (name3 === "blmovem") {
          return (0, argumentParsers_1.parseSecondsArgument)(args[4]);
        }
        if (_Command.checkFlag("LAST_ARG_TIMEOUT_COMMANDS", name3)) {
          return (0, argumentParsers_1.parseSecondsArgument)(args[args.length - 1]);
        }
        if (_Command.checkFlag("FIRST_ARG_TIMEOUT_COMMANDS", name3)) {
          return (0, argumentParsers_1.parseSecondsArgument)(args[0]);
        }
        if (_Command.checkFlag("BLOCK_OPTION_COMMANDS", name3)) {
          return (0, argumentParsers_1.parseBlockOption)(args);
        }
        return void 0;
      }
      /**
       * Clear the command and blocking timers
       */
      _clearTimers() {
        const existingTimer = this._commandTimeoutTimer;
        if (existingTimer) {
          clearTimeout(existingTimer);
          delete this._commandTimeoutTimer;
        }
        const blockingTimer = this._blockingTimeoutTimer;
        if (blockingTimer) {
          clearTimeout(blockingTimer);
          delete this._blockingTimeoutTimer;
        }
      }
      initPromise() {
        this.isResolved = false;
        this.isSettled = false;
        const promise = new Promise((resolve2, reject) => {
          if (!this.transformed) {
            this.transformed = true;
            const transformer = _Command._transformer.argument[this.name];
            if (transformer) {
              this.args = transformer(this.args);
            }
            this.stringifyArguments();
          }
          this.resolve = this._convertValue(resolve2);
          this.reject = (err) => {
            this._clearTimers();
            this.isSettled = true;
            if (this.errorStack) {
              reject((0, utils_1.optimizeErrorStack)(err, this.errorStack.stack, __dirname));
            } else {
              reject(err);
            }
          };
        });
        this.promise = (0, standard_as_callback_1.default)(promise, this.callback);
      }
      /**
       * Iterate through the command arguments that are considered keys.
       */
      _iterateKeys(transform = (key) => key) {
        if (typeof this.keys === "undefined") {
          this.keys = [];
          if ((0, commands_1.exists)(this.name, { caseInsensitive: true })) {
            const keyIndexes = (0, commands_1.getKeyIndexes)(this.name, this.args, {
              nameCaseInsensitive: true
            });
            for (const index of keyIndexes) {
              this.args[index] = transform(this.args[index]);
              this.keys.push(this.args[index]);
            }
          }
        }
        return this.keys;
      }
      /**
       * Convert the value from buffer to the target encoding.
       */
      _convertValue(resolve2) {
        return (value) => {
          try {
            this._clearTimers();
            resolve2(this.transformReply(value));
            this.isResolved = true;
            this.isSettled = true;
          } catch (err) {
            this.reject(err);
          }
          return this.promise;
        };
      }
    };
    Command2.FLAGS = {
      VALID_IN_SUBSCRIBER_MODE: [
        "subscribe",
        "psubscribe",
        "unsubscribe",
        "punsubscribe",
        "ssubscribe",
        "sunsubscribe",
        "ping",
        "quit"
      ],
      VALID_IN_MONITOR_MODE: ["monitor", "auth"],
      ENTER_SUBSCRIBER_MODE: ["subscribe", "psubscribe", "ssubscribe"],
      EXIT_SUBSCRIBER_MODE: ["unsubscribe", "punsubscribe", "sunsubscribe"],
      WILL_DISCONNECT: ["quit"],
      HANDSHAKE_COMMANDS: [
        "auth",
        "hello",
        "select",
        "client",
        "readonly",
        "info"
      ],
      IGNORE_RECONNECT_ON_ERROR: ["client"],
      BLOCKING_COMMANDS: [
        "blpop",
        "brpop",
        "brpoplpush",
        "blmove",
        "blmovem",
        "bzpopmin",
        "bzpopmax",
        "bzmpop",
        "blmpop",
        "xread",
        "xreadgroup"
      ],
      LAST_ARG_TIMEOUT_COMMANDS: [
        "blpop",
        "brpop",
        "brpoplpush",
        "blmove",
        "bzpopmin",
        "bzpopmax"
      ],
      FIRST_ARG_TIMEOUT_COMMANDS: ["bzmpop", "blmpop"],
      BLOCK_OPTION_COMMANDS: ["xread", "xreadgroup"]
    };
    Command2._transformer = {
      argument: {},
      reply: {}
    };
    exports.default = Command2;
    var msetArgumentTransformer = function(args) {
      if (args.length === 1) {
        if (args[0] instanceof Map) {
          return (0, utils_1.convertMapToArray)(args[0]);
        }
        if (typeof args[0] === "object" && args[0] !== null) {
          return (0, utils_1.convertObjectToArray)(args[0]);
        }
      }
      return args;
    };
    var hsetArgumentTransformer = function(args) {
      if (args.length === 2) {
        if (args[1] instanceof Map) {
          return [args[0]].concat((0, utils_1.convertMapToArray)(args[1]));
        }
        if (typeof args[1] === "object" && args[1] !== null) {
          return [args[0]].concat((0, utils_1.convertObjectToArray)(args[1]));
        }
      }
      return args;
    };
    Command2.setArgumentTransformer("mset", msetArgumentTransformer);
    Command2.setArgumentTransformer("msetnx", msetArgumentTransformer);
    Command2.setArgumentTransformer("hset", hsetArgumentTransformer);
    Command2.setArgumentTransformer("hmset", hsetArgumentTransformer);
    Command2.setReplyTransformer("hgetall", function(result) {
      if (Array.isArray(result)) {
        const obj = {};
        for (let i = 0; i < result.length; i += 2) {
          const key = result[i];
          const value = result[i + 1];
          if (key in obj) {
            Object.defineProperty(obj, key, {
              value,
              configurable: true,
              enumerable: true,
              writable: true
            });
          } else {
            obj[key] = value;
          }
        }
        return obj;
      }
      return result;
    });
    Command2.setReplyTransformer("vsim", replyTransformers_1.transformVsimReply);
    Command2.setReplyTransformer("hrandfield", replyTransformers_1.transformPairReply);
    Command2.setReplyTransformer("xread", replyTransformers_1.transformStreamReadReply);
    Command2.setReplyTransformer("xreadgroup", replyTransformers_1.transformStreamReadReply);
    for (const command of replyTransformers_1.sortedSetWithScorePairCommands) {
      Command2.setReplyTransformer(command, replyTransformers_1.transformPairReply);
    }
    var MixedBuffers = class {
      constructor() {
        this.length = 0;
        this.items = [];
      }
      push(x) {
        this.length += Buffer.byteLength(x);
        this.items.push(x);
      }
      toBuffer() {
        const result = Buffer.allocUnsafe(this.length);
        let offset = 0;
        for (const item of this.items) {
          const length = Buffer.byteLength(item);
          Buffer.isBuffer(item) ? item.copy(result, offset) : result.write(item, offset, length);
          offset += length;
        }
        return result;
      }
    };
  }
});

// node_modules/ioredis/built/errors/ClusterAllFailedError.js
var require_ClusterAllFailedError = __commonJS({
  "node_modules/ioredis/built/errors/ClusterAllFailedError.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var redis_errors_1 = require_redis_errors();
    var ClusterAllFailedError = class extends redis_errors_1.RedisError {
      constructor(message, lastNodeError) {
        super(message);
        this.lastNodeError = lastNodeError;
        Error.captureStackTrace(this, this.constructor);
      }
      get name() {
        return this.constructor.name;
      }
    };
    ClusterAllFailedError.defaultMessage = "Failed to refresh slots cache.";
    exports.default = ClusterAllFailedError;
  }
});

// node_modules/ioredis/built/ScanStream.js
var require_ScanStream = __commonJS({
  "node_modules/ioredis/built/ScanStream.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var stream_1 = __require("stream");
    var ScanStream = class extends stream_1.Readable {
      constructor(opt) {
        super(opt);
        this.opt = opt;
        this._redisCursor = "0";
        this._redisDrained = false;
      }
      _read() {
        if (this._redisDrained) {
          this.push(null);
          return;
        }
        const args = [this._redisCursor];
        if (this.opt.key) {
          args.unshift(this.opt.key);
        }
        if (this.opt.match) {
          args.push("MATCH", this.opt.match);
        }
        if (this.opt.type) {
          args.push("TYPE", this.opt.type);
        }
        if (this.opt.count) {
          args.push("COUNT", String(this.opt.count));
        }
        if (this.opt.noValues) {
          args.push("NOVALUES");
        }
        this.opt.redis[this.opt.command](args, (err, res) => {
          if (err) {
            this.emit("error", err);
            return;
          }
          this._redisCursor = res[0] instanceof Buffer ? res[0].toString() : res[0];
          if (this._redisCursor === "0") {
            this._redisDrained = true;
          }
          this.push(res[1]);
        });
      }
      close() {
        this._redisDrained = true;
      }
    };
    exports.default = ScanStream;
  }
});

// node_modules/ioredis/built/autoPipelining.js
var require_autoPipelining = __commonJS({
  "node_modules/ioredis/built/autoPipelining.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.executeWithAutoPipelining = exports.getFirstValueInFlattenedArray = exports.shouldUseAutoPipelining = exports.notAllowedAutoPipelineCommands = exports.kCallbacks = exports.kExec = void 0;
    var lodash_1 = require_lodash();
    var calculateSlot = require_lib();
    var standard_as_callback_1 = require_built2();
    var commands_1 = require_built();
    exports.kExec = /* @__PURE__ */ Symbol("exec");
    exports.kCallbacks = /* @__PURE__ */ Symbol("callbacks");
    exports.notAllowedAutoPipelineCommands = [
      "auth",
      "info",
      "script",
      "quit",
      "cluster",
      "pipeline",
      "multi",
      "subscribe",
      "psubscribe",
      "unsubscribe",
      "unpsubscribe",
      "select",
      "client",
      "hello",
      "readonly",
      "himport"
    ];
    function executeAutoPipeline(client, slotKey) {
      if (client._runningAutoPipelines.has(slotKey)) {
        return;
      }
      if (!client._autoPipelines.has(slotKey)) {
        return;
      }
      client._runningAutoPipelines.add(slotKey);
      const pipeline = client._autoPipelines.get(slotKey);
      client._autoPipelines.delete(slotKey);
      const callbacks = pipeline[exports.kCallbacks];
      pipeline[exports.kCallbacks] = null;
      pipeline.exec(function(err, results) {
        client._runningAutoPipelines.delete(slotKey);
        if (err) {
          for (let i = 0; i < callbacks.length; i++) {
            process.nextTick(callbacks[i], err);
          }
        } else {
          for (let i = 0; i < callbacks.length; i++) {
            process.nextTick(callbacks[i], ...results[i]);
          }
        }
        if (client._autoPipelines.has(slotKey)) {
          executeAutoPipeline(client, slotKey);
        }
      });
    }
    function shouldUseAutoPipelining(client, functionName, commandName) {
      return functionName && client.options.enableAutoPipelining && !client.isPipeline && !exports.notAllowedAutoPipelineCommands.includes(commandName) && !client.options.autoPipeliningIgnoredCommands.includes(commandName);
    }
    exports.shouldUseAutoPipelining = shouldUseAutoPipelining;
    function getFirstValueInFlattenedArray(args) {
      for (let i = 0; i < args.length; i++) {
        const arg = args[i];
        if (typeof arg === "string") {
          return arg;
        } else if (Array.isArray(arg) || (0, lodash_1.isArguments)(arg)) {
          if (arg.length === 0) {
            continue;
          }
          return arg[0];
        }
        const flattened = [arg].flat();
        if (flattened.length > 0) {
          return flattened[0];
        }
      }
      return void 0;
    }
    exports.getFirstValueInFlattenedArray = getFirstValueInFlattenedArray;
    function getFirstKeyForCommand(commandName, args) {
      if ((0, commands_1.exists)(commandName, { caseInsensitive: true })) {
        const flattenedArgs = args.flat();
        const keyIndexes = (0, commands_1.getKeyIndexes)(commandName, flattenedArgs, {
          nameCaseInsensitive: true
        });
        if (keyIndexes.length) {
          return flattenedArgs[keyIndexes[0]];
        }
      }
      return getFirstValueInFlattenedArray(args);
    }
    function executeWithAutoPipelining(client, functionName, commandName, args, callback) {
      if (client.isCluster && !client.slots.length) {
        if (client.status === "wait")
          client.connect().catch(lodash_1.noop);
        return (0, standard_as_callback_1.default)(new Promise(function(resolve2, reject) {
          client.delayUntilReady((err) => {
            if (err) {
              reject(err);
              return;
            }
            executeWithAutoPipelining(client, functionName, commandName, args, null).then(resolve2, reject);
          });
        }), callback);
      }
      const prefix = client.options.keyPrefix || "";
      let slotKey = client.isCluster ? client.slots[calculateSlot(`${prefix}${getFirstKeyForCommand(commandName, args)}`)].join(",") : "main";
      if (client.isCluster && client.options.scaleReads !== "master") {
        const isReadOnly = (0, commands_1.exists)(commandName) && (0, commands_1.hasFlag)(commandName, "readonly");
        slotKey += isReadOnly ? ":read" : ":write";
      }
      if (!client._autoPipelines.has(slotKey)) {
        const pipeline2 = client.pipeline();
        pipeline2[exports.kExec] = false;
        pipeline2[exports.kCallbacks] = [];
        client._autoPipelines.set(slotKey, pipeline2);
      }
      const pipeline = client._autoPipelines.get(slotKey);
      if (!pipeline[exports.kExec]) {
        pipeline[exports.kExec] = true;
        setImmediate(executeAutoPipeline, client, slotKey);
      }
      const autoPipelinePromise = new Promise(function(resolve2, reject) {
        pipeline[exports.kCallbacks].push(function(err, value) {
          if (err) {
            reject(err);
            return;
          }
          resolve2(value);
        });
        if (functionName === "call") {
          args.unshift(commandName);
        }
        pipeline[functionName](...args);
      });
      return (0, standard_as_callback_1.default)(autoPipelinePromise, callback);
    }
    exports.executeWithAutoPipelining = executeWithAutoPipelining;
  }
});

// node_modules/ioredis/built/Script.js
var require_Script = __commonJS({
  "node_modules/ioredis/built/Script.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var crypto_1 = __require("crypto");
    var Command_1 = require_Command();
    var standard_as_callback_1 = require_built2();
    var Script = class {
      constructor(lua, numberOfKeys = null, keyPrefix = "", readOnly = false) {
        this.lua = lua;
        this.numberOfKeys = numberOfKeys;
        this.keyPrefix = keyPrefix;
        this.readOnly = readOnly;
        this.sha = (0, crypto_1.createHash)("sha1").update(lua).digest("hex");
        const sha = this.sha;
        const socketHasScriptLoaded = /* @__PURE__ */ new WeakSet();
        this.Command = class CustomScriptCommand extends Command_1.default {
          toWritable(socket) {
            const origReject = this.reject;
            this.reject = (err) => {
              if (err.message.indexOf("NOSCRIPT") !== -1) {
                socketHasScriptLoaded.delete(socket);
              }
              origReject.call(this, err);
            };
            if (!socketHasScriptLoaded.has(socket)) {
              socketHasScriptLoaded.add(socket);
              this.name = "eval";
              this.args[0] = lua;
            } else if (this.name === "eval") {
              this.name = "evalsha";
              this.args[0] = sha;
            }
            return super.toWritable(socket);
          }
        };
      }
      execute(container, args, options, callback) {
        if (typeof this.numberOfKeys === "number") {
          args.unshift(this.numberOfKeys);
        }
        if (this.keyPrefix) {
          options.keyPrefix = this.keyPrefix;
        }
        if (this.readOnly) {
          options.readOnly = true;
        }
        const evalsha = new this.Command("evalsha", [this.sha, ...args], options);
        evalsha.promise = evalsha.promise.catch((err) => {
          if (err.message.indexOf("NOSCRIPT") === -1) {
            throw err;
          }
          const resend = new this.Command("evalsha", [this.sha, ...args], options);
          const client = container.isPipeline ? container.redis : container;
          return client.sendCommand(resend);
        });
        (0, standard_as_callback_1.default)(evalsha.promise, callback);
        return container.sendCommand(evalsha);
      }
    };
    exports.default = Script;
  }
});

// node_modules/ioredis/built/utils/Commander.js
var require_Commander = __commonJS({
  "node_modules/ioredis/built/utils/Commander.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var commands_1 = require_built();
    var autoPipelining_1 = require_autoPipelining();
    var Command_1 = require_Command();
    var Script_1 = require_Script();
    var Commander = class {
      constructor() {
        this.options = {};
        this.scriptsSet = {};
        this.addedBuiltinSet = /* @__PURE__ */ new Set();
      }
      /**
       * Return supported builtin commands
       */
      getBuiltinCommands() {
        return commands.slice(0);
      }
      /**
       * Create a builtin command
       */
      createBuiltinCommand(commandName) {
        return {
          string: generateFunction(null, commandName, "utf8"),
          buffer: generateFunction(null, commandName, null)
        };
      }
      /**
       * Create add builtin command
       */
      addBuiltinCommand(commandName) {
        this.addedBuiltinSet.add(commandName);
        this[commandName] = generateFunction(commandName, commandName, "utf8");
        this[commandName + "Buffer"] = generateFunction(commandName + "Buffer", commandName, null);
      }
      /**
       * Define a custom command using lua script
       */
      defineCommand(name3, definition) {
        const script2 = new Script_1.default(definition.lua, definition.numberOfKeys, this.options.keyPrefix, definition.readOnly);
        this.scriptsSet[name3] = script2;
        this[name3] = generateScriptingFunction(name3, name3, script2, "utf8");
        this[name3 + "Buffer"] = generateScriptingFunction(name3 + "Buffer", name3, script2, null);
      }
      /**
       * @ignore
       */
      sendCommand(command, stream, node) {
        throw new Error('"sendCommand" is not implemented');
      }
    };
    var commands = commands_1.list.filter((command) => command !== "monitor");
    commands.push("sentinel");
    commands.forEach(function(commandName) {
      Commander.prototype[commandName] = generateFunction(commandName, commandName, "utf8");
      Commander.prototype[commandName + "Buffer"] = generateFunction(commandName + "Buffer", commandName, null);
    });
    Commander.prototype.call = generateFunction("call", "utf8");
    Commander.prototype.callBuffer = generateFunction("callBuffer", null);
    Commander.prototype.send_command = Commander.prototype.call;
    function generateFunction(functionName, _commandName, _encoding) {
      if (typeof _encoding === "undefined") {
        _encoding = _commandName;
        _commandName = null;
      }
      return function(...args) {
        const commandName = _commandName || args.shift();
        let callback = args[args.length - 1];
        if (typeof callback === "function") {
          args.pop();
        } else {
          callback = void 0;
        }
        const options = {
          errorStack: this.options.showFriendlyErrorStack ? new Error() : void 0,
          keyPrefix: this.options.keyPrefix,
          replyEncoding: _encoding
        };
        if (!(0, autoPipelining_1.shouldUseAutoPipelining)(this, functionName, commandName)) {
          return this.sendCommand(
            // @ts-expect-error
            new Command_1.default(commandName, args, options, callback)
          );
        }
        return (0, autoPipelining_1.executeWithAutoPipelining)(
          this,
          functionName,
          commandName,
          // @ts-expect-error
          args,
          callback
        );
      };
    }
    function generateScriptingFunction(functionName, commandName, script2, encoding) {
      return function(...args) {
        const callback = typeof args[args.length - 1] === "function" ? args.pop() : void 0;
        const options = {
          replyEncoding: encoding
        };
        if (this.options.showFriendlyErrorStack) {
          options.errorStack = new Error();
        }
        if (!(0, autoPipelining_1.shouldUseAutoPipelining)(this, functionName, commandName)) {
          return script2.execute(this, args, options, callback);
        }
        return (0, autoPipelining_1.executeWithAutoPipelining)(this, functionName, commandName, args, callback);
      };
    }
    exports.default = Commander;
  }
});

// node_modules/ioredis/built/himport/HimportCoordinator.js
var require_HimportCoordinator = __commonJS({
  "node_modules/ioredis/built/himport/HimportCoordinator.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.interceptHimportControlCommand = exports.isHimportControlCommand = exports.isInternalHimportCommand = exports.unbindHimportCoordinator = exports.setHimportRole = exports.interceptHimportPipeline = exports.interceptHimportCommand = exports.getHimportBinding = exports.bindHimportCoordinator = exports.cloneHimportFieldsets = exports.hasHimportCoordinator = void 0;
    var Command_1 = require_Command();
    var utils_1 = require_utils2();
    exports.hasHimportCoordinator = /* @__PURE__ */ Symbol("hasHimportCoordinator");
    var bindings = /* @__PURE__ */ new WeakMap();
    var internalCommands = /* @__PURE__ */ new WeakSet();
    var debug = (0, utils_1.Debug)("himport");
    function copyValue(value) {
      return value instanceof Buffer ? Buffer.from(value) : value;
    }
    function canonicalize(value) {
      return Buffer.from(value).toString("base64");
    }
    function commandToken(value) {
      if (value === void 0) {
        return "";
      }
      return Buffer.isBuffer(value) ? value.toString("utf8").toUpperCase() : String(value).toUpperCase();
    }
    function cloneHimportFieldsets(fieldsets) {
      if (fieldsets === void 0) {
        return void 0;
      }
      if (!Array.isArray(fieldsets)) {
        throw new TypeError("himportFieldsets must be an array");
      }
      const names = /* @__PURE__ */ new Set();
      const copied = fieldsets.map((fieldset) => {
        if (!fieldset || typeof fieldset !== "object") {
          throw new TypeError("Each HIMPORT fieldset must be an object");
        }
        if (typeof fieldset.name !== "string" && !Buffer.isBuffer(fieldset.name)) {
          throw new TypeError("Each HIMPORT fieldset name must be a string or Buffer");
        }
        if (!Array.isArray(fieldset.fields)) {
          throw new TypeError("Each HIMPORT fieldset fields value must be an array");
        }
        const name3 = copyValue(fieldset.name);
        const canonicalName = canonicalize(name3);
        if (names.has(canonicalName)) {
          throw new TypeError("Duplicate HIMPORT fieldset name");
        }
        names.add(canonicalName);
        const fields2 = fieldset.fields.map((field) => {
          if (typeof field !== "string" && !Buffer.isBuffer(field)) {
            throw new TypeError("Each HIMPORT field must be a string or Buffer");
          }
          return copyValue(field);
        });
        return Object.freeze({
          name: name3,
          fields: Object.freeze(fields2)
        });
      });
      return Object.freeze(copied);
    }
    exports.cloneHimportFieldsets = cloneHimportFieldsets;
    var HimportCoordinator = class {
      constructor(fieldsets) {
        this.definitionsByName = /* @__PURE__ */ new Map();
        this.sessions = /* @__PURE__ */ new WeakMap();
        this.managedSets = /* @__PURE__ */ new WeakMap();
        this.definitions = fieldsets.map((fieldset) => {
          const definition = {
            canonicalName: canonicalize(fieldset.name),
            name: fieldset.name,
            fields: fieldset.fields
          };
          this.definitionsByName.set(definition.canonicalName, definition);
          return definition;
        });
      }
      get size() {
        return this.definitions.length;
      }
      beginSession(connection) {
        this.sessions.set(connection, {
          fieldsets: /* @__PURE__ */ new Map()
        });
      }
      detach(connection) {
        this.sessions.delete(connection);
      }
      invalidate(connection) {
        const session = this.sessions.get(connection);
        if (session) {
          session.fieldsets.clear();
        }
      }
      getDefinitions() {
        return this.definitions;
      }
      classify(command) {
        const existing = this.managedSets.get(command);
        if (existing) {
          return existing;
        }
        if (command.name.toLowerCase() !== "himport" || commandToken(command.args[0]) !== "SET") {
          return void 0;
        }
        const fieldsetName = command.args[2];
        if (typeof fieldsetName !== "string" && !Buffer.isBuffer(fieldsetName)) {
          return void 0;
        }
        const definition = this.definitionsByName.get(canonicalize(fieldsetName));
        if (!definition) {
          return void 0;
        }
        const context = {
          definition,
          recoveryAttempts: 0,
          recoveryInstalled: false
        };
        this.managedSets.set(command, context);
        return context;
      }
      prepareCommand(connection, command) {
        const context = this.classify(command);
        if (!context) {
          return void 0;
        }
        return this.ensurePrepared(connection, context.definition);
      }
      hasManagedSet(commands) {
        return commands.some((command) => this.classify(command) !== void 0);
      }
      prepareCommands(connection, commands) {
        const preparations = /* @__PURE__ */ new Set();
        for (const command of commands) {
          const preparation = this.prepareCommand(connection, command);
          if (preparation) {
            preparations.add(preparation);
          }
        }
        if (preparations.size === 0) {
          return void 0;
        }
        return Promise.all(preparations).then(() => void 0);
      }
      interceptCommand(connection, command, ready, resumeSend) {
        if (command.isSettled) {
          return true;
        }
        if (command.name.toLowerCase() === "reset") {
          this.invalidate(connection);
        }
        const managedSet = this.classify(command);
        if (!managedSet) {
          return false;
        }
        this.installRecovery(connection, command, resumeSend);
        const maySend = this.consumeAllowedSend(connection, command);
        if (!ready || maySend) {
          return false;
        }
        const preparation = this.prepareCommand(connection, command);
        if (!preparation) {
          return false;
        }
        preparation.then(() => {
          if (command.isSettled) {
            return;
          }
          try {
            this.allowNextSend(connection, command);
            resumeSend();
          } catch (error2) {
            command.reject(error2);
          }
        }, (error2) => {
          if (!command.isSettled) {
            command.reject(error2);
          }
        });
        return true;
      }
      allowNextSend(connection, command) {
        const context = this.classify(command);
        if (context) {
          context.sendWithoutPreparationOn = connection;
        }
      }
      consumeAllowedSend(connection, command) {
        const context = this.managedSets.get(command);
        if (context?.sendWithoutPreparationOn !== connection) {
          return false;
        }
        context.sendWithoutPreparationOn = void 0;
        return true;
      }
      installRecovery(connection, command, resumeSend) {
        const context = this.classify(command);
        if (!context) {
          return;
        }
        context.lastConnection = connection;
        context.resumeSend = resumeSend;
        if (context.recoveryInstalled) {
          return;
        }
        context.recoveryInstalled = true;
        const reject = command.reject;
        command.reject = (error2) => {
          if (command.isSettled) {
            return;
          }
          const recoveryConnection = context.lastConnection;
          const recoverySend = context.resumeSend;
          if (context.recoveryAttempts > 0 || !recoveryConnection || !recoverySend || !isMissingFieldsetError(error2)) {
            reject.call(command, error2);
            return;
          }
          context.recoveryAttempts += 1;
          this.markUnprepared(recoveryConnection, context.definition);
          const preparation = this.ensurePrepared(recoveryConnection, context.definition);
          Promise.resolve(preparation).then(() => {
            if (command.isSettled) {
              return;
            }
            try {
              this.allowNextSend(recoveryConnection, command);
              recoverySend();
            } catch (sendError) {
              reject.call(command, sendError);
            }
          }, (preparationError) => {
            if (!command.isSettled) {
              reject.call(command, preparationError);
            }
          });
        };
      }
      ensurePrepared(connection, definition) {
        const session = this.getSession(connection);
        const current = session.fieldsets.get(definition.canonicalName);
        if (current?.status === "prepared") {
          return void 0;
        }
        if (current?.status === "preparing") {
          return current.promise;
        }
        const command = new Command_1.default("himport", [
          "PREPARE",
          definition.name,
          ...definition.fields
        ]);
        internalCommands.add(command);
        const promise = Promise.resolve(connection.sendCommand(command)).then(() => {
          if (this.sessions.get(connection) !== session) {
            return this.ensurePrepared(connection, definition) ?? Promise.resolve();
          }
          const latest = session.fieldsets.get(definition.canonicalName);
          if (latest?.status === "preparing" && latest.promise === promise) {
            session.fieldsets.set(definition.canonicalName, {
              status: "prepared"
            });
          }
        }, (error2) => {
          if (this.sessions.get(connection) !== session) {
            return this.ensurePrepared(connection, definition) ?? Promise.resolve();
          }
          const latest = session.fieldsets.get(definition.canonicalName);
          if (latest?.status === "preparing" && latest.promise === promise) {
            session.fieldsets.delete(definition.canonicalName);
          }
          throw error2;
        });
        session.fieldsets.set(definition.canonicalName, {
          status: "preparing",
          promise
        });
        return promise;
      }
      getSession(connection) {
        let session = this.sessions.get(connection);
        if (!session) {
          session = {
            fieldsets: /* @__PURE__ */ new Map()
          };
          this.sessions.set(connection, session);
        }
        return session;
      }
      markUnprepared(connection, definition) {
        const fieldsets = this.getSession(connection).fieldsets;
        if (fieldsets.get(definition.canonicalName)?.status === "prepared") {
          fieldsets.delete(definition.canonicalName);
        }
      }
    };
    exports.default = HimportCoordinator;
    function bindHimportCoordinator(owner, coordinator, role) {
      bindings.set(owner, { coordinator, role });
      owner[exports.hasHimportCoordinator] = true;
    }
    exports.bindHimportCoordinator = bindHimportCoordinator;
    function getHimportBinding(owner) {
      return bindings.get(owner);
    }
    exports.getHimportBinding = getHimportBinding;
    function interceptHimportCommand(connection, command, ready, resumeSend) {
      const binding = bindings.get(connection);
      if (!binding || binding.role === "replica" || isInternalHimportCommand(command)) {
        return false;
      }
      return binding.coordinator.interceptCommand(connection, command, ready, resumeSend);
    }
    exports.interceptHimportCommand = interceptHimportCommand;
    function interceptHimportPipeline({ owner, commands, slot, preferredNodeKey, setDestination, resume, reject }) {
      const binding = bindings.get(owner);
      if (!binding || !binding.coordinator.hasManagedSet(commands)) {
        return false;
      }
      let connection = owner;
      if (binding.role === "cluster") {
        const nodeKey = preferredNodeKey ?? owner.slots?.[slot]?.[0];
        const connectionPool = owner.connectionPool;
        const clusterConnection = nodeKey && connectionPool?.getInstanceByKey(nodeKey) || connectionPool?.getSampleInstance("master");
        if (!clusterConnection) {
          reject(new Error("No master node is available for the pipeline"));
          return true;
        }
        connection = clusterConnection;
        setDestination(connection);
      }
      const preparation = binding.coordinator.prepareCommands(connection, commands);
      if (!preparation) {
        return false;
      }
      preparation.then(() => {
        try {
          resume();
        } catch (error2) {
          reject(error2);
        }
      }, (error2) => {
        reject(error2);
      });
      return true;
    }
    exports.interceptHimportPipeline = interceptHimportPipeline;
    function setHimportRole(owner, role) {
      const binding = bindings.get(owner);
      if (binding) {
        binding.role = role;
      }
    }
    exports.setHimportRole = setHimportRole;
    function unbindHimportCoordinator(owner) {
      const binding = bindings.get(owner);
      if (binding) {
        binding.coordinator.detach(owner);
        bindings.delete(owner);
      }
      owner[exports.hasHimportCoordinator] = false;
    }
    exports.unbindHimportCoordinator = unbindHimportCoordinator;
    function isInternalHimportCommand(command) {
      return internalCommands.has(command);
    }
    exports.isInternalHimportCommand = isInternalHimportCommand;
    function isHimportControlCommand(command) {
      if (command.name.toLowerCase() !== "himport") {
        return false;
      }
      return ["PREPARE", "DISCARD", "DISCARDALL"].includes(commandToken(command.args[0]));
    }
    exports.isHimportControlCommand = isHimportControlCommand;
    function interceptHimportControlCommand(connections, command) {
      if (!isHimportControlCommand(command) || connections.length === 0) {
        return false;
      }
      const replies = connections.map((connection) => {
        const clone = new Command_1.default(command.name, command.args);
        connection.sendCommand(clone);
        return clone.promise;
      });
      Promise.allSettled(replies).then((results) => {
        let firstReply;
        let hasFirstReply = false;
        for (const result of results) {
          if (result.status === "rejected") {
            command.reject(result.reason);
            return;
          }
          if (!hasFirstReply) {
            firstReply = result.value;
            hasFirstReply = true;
          } else if (String(result.value) !== String(firstReply)) {
            debug("divergent HIMPORT reply across masters (%s != %s)", result.value, firstReply);
          }
        }
        command.resolve(firstReply);
      });
      return true;
    }
    exports.interceptHimportControlCommand = interceptHimportControlCommand;
    function isMissingFieldsetError(error2) {
      return error2.message.toLowerCase().includes("no such fieldset");
    }
  }
});

// node_modules/ioredis/built/Pipeline.js
var require_Pipeline = __commonJS({
  "node_modules/ioredis/built/Pipeline.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var calculateSlot = require_lib();
    var commands_1 = require_built();
    var standard_as_callback_1 = require_built2();
    var util_1 = __require("util");
    var Command_1 = require_Command();
    var buffer_1 = __require("buffer");
    var utils_1 = require_utils2();
    var Commander_1 = require_Commander();
    var HimportCoordinator_1 = require_HimportCoordinator();
    function generateMultiWithNodes(redis, keys) {
      const slot = calculateSlot(keys[0]);
      const target = redis._groupsBySlot[slot];
      for (let i = 1; i < keys.length; i++) {
        if (redis._groupsBySlot[calculateSlot(keys[i])] !== target) {
          return -1;
        }
      }
      return slot;
    }
    var Pipeline = class extends Commander_1.default {
      constructor(redis) {
        super();
        this.redis = redis;
        this.isPipeline = true;
        this.replyPending = 0;
        this._queue = [];
        this._result = [];
        this._transactions = 0;
        this._shaToScript = {};
        this.isCluster = this.redis.constructor.name === "Cluster" || this.redis.isCluster;
        this.options = redis.options;
        Object.keys(redis.scriptsSet).forEach((name3) => {
          const script2 = redis.scriptsSet[name3];
          this._shaToScript[script2.sha] = script2;
          this[name3] = redis[name3];
          this[name3 + "Buffer"] = redis[name3 + "Buffer"];
        });
        redis.addedBuiltinSet.forEach((name3) => {
          this[name3] = redis[name3];
          this[name3 + "Buffer"] = redis[name3 + "Buffer"];
        });
        this.promise = new Promise((resolve2, reject) => {
          this.resolve = resolve2;
          this.reject = reject;
        });
        const _this = this;
        Object.defineProperty(this, "length", {
          get: function() {
            return _this._queue.length;
          }
        });
      }
      fillResult(value, position) {
        if (this._queue[position].name === "exec" && Array.isArray(value[1])) {
          const execLength = value[1].length;
          for (let i = 0; i < execLength; i++) {
            if (value[1][i] instanceof Error) {
              continue;
            }
            const cmd = this._queue[position - (execLength - i)];
            try {
              value[1][i] = cmd.transformReply(value[1][i]);
            } catch (err) {
              value[1][i] = err;
            }
          }
        }
        this._result[position] = value;
        if (--this.replyPending) {
          return;
        }
        if (this.isCluster) {
          let retriable = true;
          let commonError;
          for (let i = 0; i < this._result.length; ++i) {
            const error2 = this._result[i][0];
            const command = this._queue[i];
            if (error2) {
              if (command.name === "exec" && error2.message === "EXECABORT Transaction discarded because of previous errors.") {
                continue;
              }
              if (!commonError) {
                commonError = {
                  name: error2.name,
                  message: error2.message
                };
              } else if (commonError.name !== error2.name || commonError.message !== error2.message) {
                retriable = false;
                break;
              }
            } else if (!command.inTransaction) {
              const isReadOnly = (0, commands_1.exists)(command.name, { caseInsensitive: true }) && (0, commands_1.hasFlag)(command.name, "readonly", { nameCaseInsensitive: true });
              if (!isReadOnly) {
                retriable = false;
                break;
              }
            }
          }
          if (commonError && retriable) {
            const _this = this;
            const errv = commonError.message.split(" ");
            const queue = this._queue;
            let inTransaction = false;
            this._queue = [];
            for (let i = 0; i < queue.length; ++i) {
              if (errv[0] === "ASK" && !inTransaction && queue[i].name !== "asking" && (!queue[i - 1] || queue[i - 1].name !== "asking")) {
                const asking = new Command_1.default("asking");
                asking.ignore = true;
                this.sendCommand(asking);
              }
              queue[i].initPromise();
              this.sendCommand(queue[i]);
              inTransaction = queue[i].inTransaction;
            }
            let matched = true;
            if (typeof this.leftRedirections === "undefined") {
              this.leftRedirections = {};
            }
            const exec = function() {
              _this.exec();
            };
            const cluster = this.redis;
            cluster.handleError(commonError, this.leftRedirections, {
              moved: function(slot, key) {
                _this.preferKey = key;
                if (cluster.slots[slot]) {
                  if (cluster.slots[slot][0] !== key) {
                    cluster.slots[slot] = [key];
                  }
                } else {
                  cluster.slots[slot] = [key];
                }
                cluster._groupsBySlot[slot] = cluster._groupsIds[cluster.slots[slot].join(";")];
                cluster.refreshSlotsCache();
                _this.exec();
              },
              ask: function(_slot, key) {
                _this.preferKey = key;
                _this.exec();
              },
              tryagain: exec,
              clusterDown: exec,
              connectionClosed: exec,
              maxRedirections: () => {
                matched = false;
              },
              defaults: () => {
                matched = false;
              }
            });
            if (matched) {
              return;
            }
          }
        }
        let ignoredCount = 0;
        for (let i = 0; i < this._queue.length - ignoredCount; ++i) {
          if (this._queue[i + ignoredCount].ignore) {
            ignoredCount += 1;
          }
          this._result[i] = this._result[i + ignoredCount];
        }
        this.resolve(this._result.slice(0, this._result.length - ignoredCount));
      }
      sendCommand(command) {
        if (this._transactions > 0) {
          command.inTransaction = true;
        }
        const position = this._queue.length;
        command.pipelineIndex = position;
        command.promise.then((result) => {
          this.fillResult([null, result], position);
        }).catch((error2) => {
          this.fillResult([error2], position);
        });
        this._queue.push(command);
        return this;
      }
      addBatch(commands) {
        let command, commandName, args;
        for (let i = 0; i < commands.length; ++i) {
          command = commands[i];
          commandName = command[0];
          args = command.slice(1);
          this[commandName].apply(this, args);
        }
        return this;
      }
    };
    exports.default = Pipeline;
    var multi = Pipeline.prototype.multi;
    Pipeline.prototype.multi = function() {
      this._transactions += 1;
      return multi.apply(this, arguments);
    };
    var execBuffer = Pipeline.prototype.execBuffer;
    Pipeline.prototype.execBuffer = (0, util_1.deprecate)(function() {
      if (this._transactions > 0) {
        this._transactions -= 1;
      }
      return execBuffer.apply(this, arguments);
    }, "Pipeline#execBuffer: Use Pipeline#exec instead");
    Pipeline.prototype.exec = function(callback) {
      if (this.isCluster && !this.redis.slots.length) {
        if (this.redis.status === "wait")
          this.redis.connect().catch(utils_1.noop);
        if (callback && !this.nodeifiedPromise) {
          this.nodeifiedPromise = true;
          (0, standard_as_callback_1.default)(this.promise, callback);
        }
        this.redis.delayUntilReady((err) => {
          if (err) {
            this.reject(err);
            return;
          }
          this.exec(callback);
        });
        return this.promise;
      }
      if (this._transactions > 0) {
        this._transactions -= 1;
        return execBuffer.apply(this, arguments);
      }
      if (!this.nodeifiedPromise) {
        this.nodeifiedPromise = true;
        (0, standard_as_callback_1.default)(this.promise, callback);
      }
      if (!this._queue.length) {
        this.resolve([]);
      }
      let pipelineSlot;
      if (this.isCluster) {
        const sampleKeys = [];
        for (let i = 0; i < this._queue.length; i++) {
          const keys = this._queue[i].getKeys();
          if (keys.length) {
            sampleKeys.push(keys[0]);
          }
          if (keys.length && calculateSlot.generateMulti(keys) < 0) {
            this.reject(new Error("All the keys in a pipeline command should belong to the same slot"));
            return this.promise;
          }
        }
        if (sampleKeys.length) {
          pipelineSlot = generateMultiWithNodes(this.redis, sampleKeys);
          if (pipelineSlot < 0) {
            this.reject(new Error("All keys in the pipeline should belong to the same slots allocation group"));
            return this.promise;
          }
        } else {
          pipelineSlot = Math.random() * 16384 | 0;
        }
      }
      const _this = this;
      let node;
      const himportIntercepted = (0, HimportCoordinator_1.interceptHimportPipeline)({
        owner: _this.redis,
        commands: _this._queue,
        slot: pipelineSlot,
        preferredNodeKey: _this.preferKey,
        setDestination(connection) {
          node = {
            slot: pipelineSlot,
            redis: connection
          };
        },
        resume: execPipeline,
        reject(error2) {
          _this.reject(error2);
        }
      });
      if (!himportIntercepted) {
        execPipeline();
      }
      return this.promise;
      function execPipeline() {
        let writePending = _this.replyPending = _this._queue.length;
        if (_this.isCluster && !node) {
          node = {
            slot: pipelineSlot,
            redis: _this.redis.connectionPool.nodes.all[_this.preferKey]
          };
        }
        let data = "";
        let buffers;
        const stream = {
          isPipeline: true,
          destination: _this.isCluster ? node : { redis: _this.redis },
          write(writable) {
            if (typeof writable !== "string") {
              if (!buffers) {
                buffers = [];
              }
              if (data) {
                buffers.push(Buffer.from(data, "utf8"));
                data = "";
              }
              buffers.push(writable);
            } else {
              if (data.length + writable.length >= buffer_1.constants.MAX_STRING_LENGTH) {
                if (!buffers) {
                  buffers = [];
                }
                if (data) {
                  buffers.push(Buffer.from(data, "utf8"));
                  data = "";
                }
              }
              data += writable;
            }
            if (!--writePending) {
              if (buffers) {
                if (data) {
                  buffers.push(Buffer.from(data, "utf8"));
                }
                stream.destination.redis.stream.write(Buffer.concat(buffers));
              } else {
                stream.destination.redis.stream.write(data);
              }
              writePending = _this._queue.length;
              data = "";
              buffers = void 0;
            }
          }
        };
        for (let i = 0; i < _this._queue.length; ++i) {
          _this.redis.sendCommand(_this._queue[i], stream, node);
        }
        return _this.promise;
      }
    };
  }
});

// node_modules/ioredis/built/tracing.js
var require_tracing = __commonJS({
  "node_modules/ioredis/built/tracing.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.traceConnect = exports.traceBatch = exports.traceCommand = exports.sanitizeArgs = void 0;
    var SERIALIZATION_SUBSETS = [
      { regex: /^ECHO/i, args: 0 },
      {
        regex: /^(GETSET|LPUSH|MSET|PFA|PSETEX|PUBLISH|RPUSH|SADD|SET|SPUBLISH|XADD|ZADD)/i,
        args: 1
      },
      { regex: /^(HSET|HMSET|LSET|LINSERT)/i, args: 2 },
      {
        regex: /^(ACL|BIT|B[LRZ]|CLIENT|CLUSTER|CONFIG|COMMAND|DECR|DEL|EVAL|EX|FUNCTION|GEO|GET|HINCR|HMGET|HSCAN|INCR|L[TRLM]|MEMORY|P[EFISTU]|RPOP|S[CDIMORSU]|XACK|X[CDGILPRT]|Z[CDILMPRS])/i,
        args: -1
      }
    ];
    function sanitizeArgs(commandName, args) {
      let allowedArgCount = 0;
      for (const subset of SERIALIZATION_SUBSETS) {
        if (subset.regex.test(commandName)) {
          allowedArgCount = subset.args;
          break;
        }
      }
      if (allowedArgCount === -1) {
        return args.map((a) => String(a));
      }
      const result = [];
      for (let i = 0; i < args.length; i++) {
        if (i < allowedArgCount) {
          result.push(String(args[i]));
        } else {
          result.push("?");
        }
      }
      return result;
    }
    exports.sanitizeArgs = sanitizeArgs;
    var dc = (() => {
      try {
        return "getBuiltinModule" in process ? process.getBuiltinModule("node:diagnostics_channel") : __require("node:diagnostics_channel");
      } catch {
        return void 0;
      }
    })();
    var hasTracingChannel = dc && typeof dc.tracingChannel === "function";
    var commandChannel = hasTracingChannel ? dc.tracingChannel("ioredis:command") : void 0;
    var batchChannel = hasTracingChannel ? dc.tracingChannel("ioredis:batch") : void 0;
    var connectChannel = hasTracingChannel ? dc.tracingChannel("ioredis:connect") : void 0;
    function shouldTrace(channel) {
      return !!channel && channel.hasSubscribers !== false;
    }
    var noop = () => {
    };
    function traceCommand(fn, contextFactory) {
      if (!shouldTrace(commandChannel))
        return fn();
      const traced = commandChannel.tracePromise(fn, contextFactory());
      traced.catch(noop);
      return traced;
    }
    exports.traceCommand = traceCommand;
    function traceBatch(fn, contextFactory) {
      if (!shouldTrace(batchChannel))
        return fn();
      const traced = batchChannel.tracePromise(fn, contextFactory());
      traced.catch(noop);
      return traced;
    }
    exports.traceBatch = traceBatch;
    function traceConnect(fn, contextFactory) {
      if (!shouldTrace(connectChannel))
        return fn();
      return connectChannel.tracePromise(fn, contextFactory());
    }
    exports.traceConnect = traceConnect;
  }
});

// node_modules/ioredis/built/transaction.js
var require_transaction = __commonJS({
  "node_modules/ioredis/built/transaction.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.addTransactionSupport = void 0;
    var utils_1 = require_utils2();
    var standard_as_callback_1 = require_built2();
    var Pipeline_1 = require_Pipeline();
    var tracing_1 = require_tracing();
    function addTransactionSupport(redis) {
      redis.pipeline = function(commands) {
        const pipeline = new Pipeline_1.default(this);
        if (Array.isArray(commands)) {
          pipeline.addBatch(commands);
        }
        return pipeline;
      };
      const { multi } = redis;
      redis.multi = function(commands, options) {
        if (typeof options === "undefined" && !Array.isArray(commands)) {
          options = commands;
          commands = null;
        }
        if (options && options.pipeline === false) {
          return multi.call(this);
        }
        const pipeline = new Pipeline_1.default(this);
        pipeline.multi();
        if (Array.isArray(commands)) {
          pipeline.addBatch(commands);
        }
        const exec2 = pipeline.exec;
        pipeline.exec = function(callback) {
          if (this.isCluster && !this.redis.slots.length) {
            if (this.redis.status === "wait")
              this.redis.connect().catch(utils_1.noop);
            return (0, standard_as_callback_1.default)(new Promise((resolve2, reject) => {
              this.redis.delayUntilReady((err) => {
                if (err) {
                  reject(err);
                  return;
                }
                this.exec(pipeline).then(resolve2, reject);
              });
            }), callback);
          }
          if (this._transactions > 0) {
            exec2.call(pipeline);
          }
          if (this.nodeifiedPromise) {
            return exec2.call(pipeline);
          }
          const batchSize = Math.max(pipeline.length - 2, 0);
          const execAndUnwrap = () => exec2.call(pipeline).then(function(result) {
            const execResult = result[result.length - 1];
            if (typeof execResult === "undefined") {
              throw new Error("Pipeline cannot be used to send any commands when the `exec()` has been called on it.");
            }
            if (execResult[0]) {
              execResult[0].previousErrors = [];
              for (let i = 0; i < result.length - 1; ++i) {
                if (result[i][0]) {
                  execResult[0].previousErrors.push(result[i][0]);
                }
              }
              throw execResult[0];
            }
            return (0, utils_1.wrapMultiResult)(execResult[1]);
          });
          const promise = "_buildBatchContext" in this.redis ? (0, tracing_1.traceBatch)(execAndUnwrap, () => this.redis._buildBatchContext(batchSize)) : execAndUnwrap();
          return (0, standard_as_callback_1.default)(promise, callback);
        };
        const { execBuffer } = pipeline;
        pipeline.execBuffer = function(callback) {
          if (this._transactions > 0) {
            execBuffer.call(pipeline);
          }
          return pipeline.exec(callback);
        };
        return pipeline;
      };
      const { exec } = redis;
      redis.exec = function(callback) {
        return (0, standard_as_callback_1.default)(exec.call(this).then(function(results) {
          if (Array.isArray(results)) {
            results = (0, utils_1.wrapMultiResult)(results);
          }
          return results;
        }), callback);
      };
    }
    exports.addTransactionSupport = addTransactionSupport;
  }
});

// node_modules/ioredis/built/utils/applyMixin.js
var require_applyMixin = __commonJS({
  "node_modules/ioredis/built/utils/applyMixin.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    function applyMixin(derivedConstructor, mixinConstructor) {
      Object.getOwnPropertyNames(mixinConstructor.prototype).forEach((name3) => {
        Object.defineProperty(derivedConstructor.prototype, name3, Object.getOwnPropertyDescriptor(mixinConstructor.prototype, name3));
      });
    }
    exports.default = applyMixin;
  }
});

// node_modules/ioredis/built/cluster/ClusterOptions.js
var require_ClusterOptions = __commonJS({
  "node_modules/ioredis/built/cluster/ClusterOptions.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.DEFAULT_CLUSTER_OPTIONS = void 0;
    var dns_1 = __require("dns");
    exports.DEFAULT_CLUSTER_OPTIONS = {
      clusterRetryStrategy: (times) => Math.min(100 + times * 2, 2e3),
      clusterNodeRetryStrategy: null,
      enableOfflineQueue: true,
      enableReadyCheck: true,
      scaleReads: "master",
      maxRedirections: 16,
      retryDelayOnMoved: 0,
      retryDelayOnFailover: 100,
      retryDelayOnClusterDown: 100,
      retryDelayOnTryAgain: 100,
      slotsRefreshTimeout: 1e3,
      useSRVRecords: false,
      resolveSrv: dns_1.resolveSrv,
      dnsLookup: dns_1.lookup,
      enableAutoPipelining: false,
      autoPipeliningIgnoredCommands: [],
      shardedSubscribers: false
    };
  }
});

// node_modules/ioredis/built/cluster/util.js
var require_util = __commonJS({
  "node_modules/ioredis/built/cluster/util.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.getConnectionName = exports.weightSrvRecords = exports.groupSrvRecords = exports.getUniqueHostnamesFromOptions = exports.normalizeNodeOptions = exports.nodeKeyToRedisOptions = exports.getNodeKey = exports.waitForRedisReady = void 0;
    var utils_1 = require_utils2();
    var net_1 = __require("net");
    function waitForRedisReady(redis) {
      if (redis.status === "ready") {
        return Promise.resolve();
      }
      if (redis.status === "wait") {
        return redis.connect();
      }
      if (redis.status === "end") {
        return Promise.reject(new Error(utils_1.CONNECTION_CLOSED_ERROR_MSG));
      }
      return new Promise((resolve2, reject) => {
        const onReady = () => {
          redis.removeListener("end", onEnd);
          resolve2();
        };
        const onEnd = () => {
          redis.removeListener("ready", onReady);
          reject(new Error(utils_1.CONNECTION_CLOSED_ERROR_MSG));
        };
        redis.once("ready", onReady);
        redis.once("end", onEnd);
      });
    }
    exports.waitForRedisReady = waitForRedisReady;
    function getNodeKey(node) {
      node.port = node.port || 6379;
      node.host = node.host || "127.0.0.1";
      return node.host + ":" + node.port;
    }
    exports.getNodeKey = getNodeKey;
    function nodeKeyToRedisOptions(nodeKey) {
      const portIndex = nodeKey.lastIndexOf(":");
      if (portIndex === -1) {
        throw new Error(`Invalid node key ${nodeKey}`);
      }
      return {
        host: nodeKey.slice(0, portIndex),
        port: Number(nodeKey.slice(portIndex + 1))
      };
    }
    exports.nodeKeyToRedisOptions = nodeKeyToRedisOptions;
    function normalizeNodeOptions(nodes) {
      return nodes.map((node) => {
        const options = {};
        if (typeof node === "object") {
          Object.assign(options, node);
        } else if (typeof node === "string") {
          Object.assign(options, (0, utils_1.parseURL)(node));
        } else if (typeof node === "number") {
          options.port = node;
        } else {
          throw new Error("Invalid argument " + node);
        }
        if (typeof options.port === "string") {
          options.port = parseInt(options.port, 10);
        }
        delete options.db;
        if (!options.port) {
          options.port = 6379;
        }
        if (!options.host) {
          options.host = "127.0.0.1";
        }
        return (0, utils_1.resolveTLSProfile)(options);
      });
    }
    exports.normalizeNodeOptions = normalizeNodeOptions;
    function getUniqueHostnamesFromOptions(nodes) {
      const uniqueHostsMap = {};
      nodes.forEach((node) => {
        uniqueHostsMap[node.host] = true;
      });
      return Object.keys(uniqueHostsMap).filter((host) => !(0, net_1.isIP)(host));
    }
    exports.getUniqueHostnamesFromOptions = getUniqueHostnamesFromOptions;
    function groupSrvRecords(records) {
      const recordsByPriority = {};
      for (const record of records) {
        if (!recordsByPriority.hasOwnProperty(record.priority)) {
          recordsByPriority[record.priority] = {
            totalWeight: record.weight,
            records: [record]
          };
        } else {
          recordsByPriority[record.priority].totalWeight += record.weight;
          recordsByPriority[record.priority].records.push(record);
        }
      }
      return recordsByPriority;
    }
    exports.groupSrvRecords = groupSrvRecords;
    function weightSrvRecords(recordsGroup) {
      if (recordsGroup.records.length === 1) {
        recordsGroup.totalWeight = 0;
        return recordsGroup.records.shift();
      }
      const random = Math.floor(Math.random() * (recordsGroup.totalWeight + recordsGroup.records.length));
      let total = 0;
      for (const [i, record] of recordsGroup.records.entries()) {
        total += 1 + record.weight;
        if (total > random) {
          recordsGroup.totalWeight -= record.weight;
          recordsGroup.records.splice(i, 1);
          return record;
        }
      }
    }
    exports.weightSrvRecords = weightSrvRecords;
    function getConnectionName(component, nodeConnectionName) {
      const prefix = `ioredis-cluster(${component})`;
      return nodeConnectionName ? `${prefix}:${nodeConnectionName}` : prefix;
    }
    exports.getConnectionName = getConnectionName;
  }
});

// node_modules/ioredis/built/cluster/ClusterSubscriber.js
var require_ClusterSubscriber = __commonJS({
  "node_modules/ioredis/built/cluster/ClusterSubscriber.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var util_1 = require_util();
    var utils_1 = require_utils2();
    var Redis_1 = require_Redis();
    var debug = (0, utils_1.Debug)("cluster:subscriber");
    var ClusterSubscriber = class {
      constructor(connectionPool, emitter, isSharded = false) {
        this.connectionPool = connectionPool;
        this.emitter = emitter;
        this.isSharded = isSharded;
        this.started = false;
        this.subscriber = null;
        this.slotRange = [];
        this.onSubscriberEnd = () => {
          if (!this.started) {
            debug("subscriber has disconnected, but ClusterSubscriber is not started, so not reconnecting.");
            return;
          }
          debug("subscriber has disconnected, selecting a new one...");
          this.selectSubscriber();
        };
        this.connectionPool.on("-node", (_, key) => {
          if (!this.started || !this.subscriber) {
            return;
          }
          if ((0, util_1.getNodeKey)(this.subscriber.options) === key) {
            debug("subscriber has left, selecting a new one...");
            this.selectSubscriber();
          }
        });
        this.connectionPool.on("+node", () => {
          if (!this.started || this.subscriber) {
            return;
          }
          debug("a new node is discovered and there is no subscriber, selecting a new one...");
          this.selectSubscriber();
        });
      }
      getInstance() {
        return this.subscriber;
      }
      /**
       * Associate this subscriber to a specific slot range.
       *
       * Returns the range or an empty array if the slot range couldn't be associated.
       *
       * BTW: This is more for debugging and testing purposes.
       *
       * @param range
       */
      associateSlotRange(range) {
        if (this.isSharded) {
          this.slotRange = range;
        }
        return this.slotRange;
      }
      start() {
        this.started = true;
        this.selectSubscriber();
        debug("started");
      }
      stop() {
        this.started = false;
        if (this.subscriber) {
          this.subscriber.disconnect();
          this.subscriber = null;
        }
      }
      isStarted() {
        return this.started;
      }
      selectSubscriber() {
        const lastActiveSubscriber = this.lastActiveSubscriber;
        if (lastActiveSubscriber) {
          lastActiveSubscriber.off("end", this.onSubscriberEnd);
          lastActiveSubscriber.disconnect();
        }
        if (this.subscriber) {
          this.subscriber.off("end", this.onSubscriberEnd);
          this.subscriber.disconnect();
        }
        const sampleNode = (0, utils_1.sample)(this.connectionPool.getNodes());
        if (!sampleNode) {
          debug("selecting subscriber failed since there is no node discovered in the cluster yet");
          this.subscriber = null;
          return;
        }
        const { options } = sampleNode;
        debug("selected a subscriber %s:%s", options.host, options.port);
        let connectionPrefix = "subscriber";
        if (this.isSharded)
          connectionPrefix = "ssubscriber";
        this.subscriber = new Redis_1.default({
          port: options.port,
          host: options.host,
          username: options.username,
          password: options.password,
          enableReadyCheck: true,
          connectionName: (0, util_1.getConnectionName)(connectionPrefix, options.connectionName),
          lazyConnect: true,
          tls: options.tls,
          protocol: options.protocol,
          replyMapping: options.replyMapping,
          // Don't try to reconnect the subscriber connection. If the connection fails
          // we will get an end event (handled below), at which point we'll pick a new
          // node from the pool and try to connect to that as the subscriber connection.
          retryStrategy: null
        });
        this.subscriber.on("error", utils_1.noop);
        this.subscriber.on("moved", () => {
          this.emitter.emit("forceRefresh");
        });
        this.subscriber.once("end", this.onSubscriberEnd);
        const previousChannels = { subscribe: [], psubscribe: [], ssubscribe: [] };
        if (lastActiveSubscriber) {
          const condition = lastActiveSubscriber.condition || lastActiveSubscriber.prevCondition;
          if (condition && condition.subscriber) {
            previousChannels.subscribe = condition.subscriber.channels("subscribe");
            previousChannels.psubscribe = condition.subscriber.channels("psubscribe");
            previousChannels.ssubscribe = condition.subscriber.channels("ssubscribe");
          }
        }
        if (previousChannels.subscribe.length || previousChannels.psubscribe.length || previousChannels.ssubscribe.length) {
          let pending = 0;
          for (const type of ["subscribe", "psubscribe", "ssubscribe"]) {
            const channels = previousChannels[type];
            if (channels.length == 0) {
              continue;
            }
            debug("%s %d channels", type, channels.length);
            if (type === "ssubscribe") {
              for (const channel of channels) {
                pending += 1;
                this.subscriber[type](channel).then(() => {
                  if (!--pending) {
                    this.lastActiveSubscriber = this.subscriber;
                  }
                }).catch(() => {
                  debug("failed to ssubscribe to channel: %s", channel);
                });
              }
            } else {
              pending += 1;
              this.subscriber[type](channels).then(() => {
                if (!--pending) {
                  this.lastActiveSubscriber = this.subscriber;
                }
              }).catch(() => {
                debug("failed to %s %d channels", type, channels.length);
              });
            }
          }
        } else {
          this.lastActiveSubscriber = this.subscriber;
        }
        for (const event of [
          "message",
          "messageBuffer"
        ]) {
          this.subscriber.on(event, (arg1, arg2) => {
            this.emitter.emit(event, arg1, arg2);
          });
        }
        for (const event of ["pmessage", "pmessageBuffer"]) {
          this.subscriber.on(event, (arg1, arg2, arg3) => {
            this.emitter.emit(event, arg1, arg2, arg3);
          });
        }
        if (this.isSharded == true) {
          for (const event of [
            "smessage",
            "smessageBuffer"
          ]) {
            this.subscriber.on(event, (arg1, arg2) => {
              this.emitter.emit(event, arg1, arg2);
            });
          }
        }
      }
    };
    exports.default = ClusterSubscriber;
  }
});

// node_modules/ioredis/built/cluster/ConnectionPool.js
var require_ConnectionPool = __commonJS({
  "node_modules/ioredis/built/cluster/ConnectionPool.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var events_1 = __require("events");
    var utils_1 = require_utils2();
    var util_1 = require_util();
    var Redis_1 = require_Redis();
    var debug = (0, utils_1.Debug)("cluster:connectionPool");
    var ConnectionPool = class extends events_1.EventEmitter {
      constructor(redisOptions, clusterNodeRetryStrategy = null, hooks = {}) {
        super();
        this.redisOptions = redisOptions;
        this.clusterNodeRetryStrategy = clusterNodeRetryStrategy;
        this.hooks = hooks;
        this.nodes = {
          all: {},
          master: {},
          slave: {}
        };
        this.specifiedOptions = {};
      }
      getNodes(role = "all") {
        const nodes = this.nodes[role];
        return Object.keys(nodes).map((key) => nodes[key]);
      }
      getInstanceByKey(key) {
        return this.nodes.all[key];
      }
      getSampleInstance(role) {
        const keys = Object.keys(this.nodes[role]);
        const sampleKey = (0, utils_1.sample)(keys);
        return this.nodes[role][sampleKey];
      }
      /**
       * Add a master node to the pool
       * @param node
       */
      addMasterNode(node) {
        const key = (0, util_1.getNodeKey)(node.options);
        const redis = this.createRedisFromOptions(node, node.options.readOnly);
        if (!node.options.readOnly) {
          this.nodes.all[key] = redis;
          this.nodes.master[key] = redis;
          return true;
        }
        return false;
      }
      /**
       * Creates a Redis connection instance from the node options
       * @param node
       * @param readOnly
       */
      createRedisFromOptions(node, readOnly) {
        const redis = new Redis_1.default((0, utils_1.defaults)({
          // By default, never try to reconnect when a node is lost,
          // instead, waiting for a `MOVED` error and fetching slots again.
          // When `clusterNodeRetryStrategy` is set, use it to allow
          // reconnection (e.g. for replica nodes that restart without
          // any slot changes).
          retryStrategy: typeof this.clusterNodeRetryStrategy === "function" ? this.clusterNodeRetryStrategy : null,
          // Offline queue should be enabled so that
          // we don't need to wait for the `ready` event
          // before sending commands to the node.
          enableOfflineQueue: true,
          readOnly
        }, node, this.redisOptions, { lazyConnect: true }));
        this.hooks.onCreate?.(redis, readOnly);
        return redis;
      }
      /**
       * Find or create a connection to the node
       */
      findOrCreate(node, readOnly = false) {
        const key = (0, util_1.getNodeKey)(node);
        readOnly = Boolean(readOnly);
        if (this.specifiedOptions[key]) {
          Object.assign(node, this.specifiedOptions[key]);
        } else {
          this.specifiedOptions[key] = node;
        }
        let redis;
        if (this.nodes.all[key]) {
          redis = this.nodes.all[key];
          if (redis.options.readOnly !== readOnly) {
            redis.options.readOnly = readOnly;
            debug("Change role of %s to %s", key, readOnly ? "slave" : "master");
            redis[readOnly ? "readonly" : "readwrite"]().catch(utils_1.noop);
            if (readOnly) {
              delete this.nodes.master[key];
              this.nodes.slave[key] = redis;
            } else {
              delete this.nodes.slave[key];
              this.nodes.master[key] = redis;
            }
            this.hooks.onRoleChange?.(redis, key, readOnly);
          }
        } else {
          debug("Connecting to %s as %s", key, readOnly ? "slave" : "master");
          redis = this.createRedisFromOptions(node, readOnly);
          this.nodes.all[key] = redis;
          this.nodes[readOnly ? "slave" : "master"][key] = redis;
          redis.once("end", () => {
            if (this.nodes.all[key] && this.nodes.all[key] !== redis) {
              return;
            }
            this.removeNode(key);
            this.emit("-node", redis, key);
            if (!Object.keys(this.nodes.all).length) {
              this.emit("drain");
            }
          });
          this.emit("+node", redis, key);
          redis.on("error", (error2) => {
            this.emit("nodeError", error2, key);
          });
        }
        return redis;
      }
      /**
       * Replace the connection to the node with a fresh one. Used when the
       * existing connection is known to be stale, e.g. after a MOVED redirect
       * that points back at the node it came from.
       */
      recreate(node, readOnly = false) {
        const key = (0, util_1.getNodeKey)(node);
        const existing = this.nodes.all[key];
        if (existing) {
          debug("Recreating connection to %s", key);
          this.removeNode(key);
          existing.disconnect();
        }
        const redis = this.findOrCreate(node, readOnly);
        if (existing) {
          this.emit("-node", existing, key);
        }
        return redis;
      }
      /**
       * Reset the pool with a set of nodes.
       * The old node will be removed.
       */
      reset(nodes) {
        debug("Reset with %O", nodes);
        const newNodes = {};
        nodes.forEach((node) => {
          const key = (0, util_1.getNodeKey)(node);
          if (!(node.readOnly && newNodes[key])) {
            newNodes[key] = node;
          }
        });
        Object.keys(this.nodes.all).forEach((key) => {
          if (!newNodes[key]) {
            debug("Disconnect %s because the node does not hold any slot", key);
            this.nodes.all[key].disconnect();
            this.removeNode(key);
          }
        });
        Object.keys(newNodes).forEach((key) => {
          const node = newNodes[key];
          this.findOrCreate(node, node.readOnly);
        });
      }
      /**
       * Remove a node from the pool.
       */
      removeNode(key) {
        const { nodes } = this;
        if (nodes.all[key]) {
          debug("Remove %s from the pool", key);
          this.hooks.onRemove?.(nodes.all[key]);
          delete nodes.all[key];
        }
        delete nodes.master[key];
        delete nodes.slave[key];
      }
    };
    exports.default = ConnectionPool;
  }
});

// node_modules/denque/index.js
var require_denque = __commonJS({
  "node_modules/denque/index.js"(exports, module) {
    "use strict";
    function Denque(array, options) {
      var options = options || {};
      this._capacity = options.capacity;
      this._head = 0;
      this._tail = 0;
      if (Array.isArray(array)) {
        this._fromArray(array);
      } else {
        this._capacityMask = 3;
        this._list = new Array(4);
      }
    }
    Denque.prototype.peekAt = function peekAt(index) {
      var i = index;
      if (i !== (i | 0)) {
        return void 0;
      }
      var len = this.size();
      if (i >= len || i < -len) return void 0;
      if (i < 0) i += len;
      i = this._head + i & this._capacityMask;
      return this._list[i];
    };
    Denque.prototype.get = function get(i) {
      return this.peekAt(i);
    };
    Denque.prototype.peek = function peek() {
      if (this._head === this._tail) return void 0;
      return this._list[this._head];
    };
    Denque.prototype.peekFront = function peekFront() {
      return this.peek();
    };
    Denque.prototype.peekBack = function peekBack() {
      return this.peekAt(-1);
    };
    Object.defineProperty(Denque.prototype, "length", {
      get: function length() {
        return this.size();
      }
    });
    Denque.prototype.size = function size() {
      if (this._head === this._tail) return 0;
      if (this._head < this._tail) return this._tail - this._head;
      else return this._capacityMask + 1 - (this._head - this._tail);
    };
    Denque.prototype.unshift = function unshift(item) {
      if (arguments.length === 0) return this.size();
      var len = this._list.length;
      this._head = this._head - 1 + len & this._capacityMask;
      this._list[this._head] = item;
      if (this._tail === this._head) this._growArray();
      if (this._capacity && this.size() > this._capacity) this.pop();
      if (this._head < this._tail) return this._tail - this._head;
      else return this._capacityMask + 1 - (this._head - this._tail);
    };
    Denque.prototype.shift = function shift() {
      var head = this._head;
      if (head === this._tail) return void 0;
      var item = this._list[head];
      this._list[head] = void 0;
      this._head = head + 1 & this._capacityMask;
      if (head < 2 && this._tail > 1e4 && this._tail <= this._list.length >>> 2) this._shrinkArray();
      return item;
    };
    Denque.prototype.push = function push2(item) {
      if (arguments.length === 0) return this.size();
      var tail = this._tail;
      this._list[tail] = item;
      this._tail = tail + 1 & this._capacityMask;
      if (this._tail === this._head) {
        this._growArray();
      }
      if (this._capacity && this.size() > this._capacity) {
        this.shift();
      }
      if (this._head < this._tail) return this._tail - this._head;
      else return this._capacityMask + 1 - (this._head - this._tail);
    };
    Denque.prototype.pop = function pop() {
      var tail = this._tail;
      if (tail === this._head) return void 0;
      var len = this._list.length;
      this._tail = tail - 1 + len & this._capacityMask;
      var item = this._list[this._tail];
      this._list[this._tail] = void 0;
      if (this._head < 2 && tail > 1e4 && tail <= len >>> 2) this._shrinkArray();
      return item;
    };
    Denque.prototype.removeOne = function removeOne(index) {
      var i = index;
      if (i !== (i | 0)) {
        return void 0;
      }
      if (this._head === this._tail) return void 0;
      var size = this.size();
      var len = this._list.length;
      if (i >= size || i < -size) return void 0;
      if (i < 0) i += size;
      i = this._head + i & this._capacityMask;
      var item = this._list[i];
      var k;
      if (index < size / 2) {
        for (k = index; k > 0; k--) {
          this._list[i] = this._list[i = i - 1 + len & this._capacityMask];
        }
        this._list[i] = void 0;
        this._head = this._head + 1 + len & this._capacityMask;
      } else {
        for (k = size - 1 - index; k > 0; k--) {
          this._list[i] = this._list[i = i + 1 + len & this._capacityMask];
        }
        this._list[i] = void 0;
        this._tail = this._tail - 1 + len & this._capacityMask;
      }
      return item;
    };
    Denque.prototype.remove = function remove(index, count2) {
      var i = index;
      var removed;
      var del_count = count2;
      if (i !== (i | 0)) {
        return void 0;
      }
      if (this._head === this._tail) return void 0;
      var size = this.size();
      var len = this._list.length;
      if (i >= size || i < -size || count2 < 1) return void 0;
      if (i < 0) i += size;
      if (count2 === 1 || !count2) {
        removed = new Array(1);
        removed[0] = this.removeOne(i);
        return removed;
      }
      if (i === 0 && i + count2 >= size) {
        removed = this.toArray();
        this.clear();
        return removed;
      }
      if (i + count2 > size) count2 = size - i;
      var k;
      removed = new Array(count2);
      for (k = 0; k < count2; k++) {
        removed[k] = this._list[this._head + i + k & this._capacityMask];
      }
      i = this._head + i & this._capacityMask;
      if (index + count2 === size) {
        this._tail = this._tail - count2 + len & this._capacityMask;
        for (k = count2; k > 0; k--) {
          this._list[i = i + 1 + len & this._capacityMask] = void 0;
        }
        return removed;
      }
      if (index === 0) {
        this._head = this._head + count2 + len & this._capacityMask;
        for (k = count2 - 1; k > 0; k--) {
          this._list[i = i + 1 + len & this._capacityMask] = void 0;
        }
        return removed;
      }
      if (i < size / 2) {
        this._head = this._head + index + count2 + len & this._capacityMask;
        for (k = index; k > 0; k--) {
          this.unshift(this._list[i = i - 1 + len & this._capacityMask]);
        }
        i = this._head - 1 + len & this._capacityMask;
        while (del_count > 0) {
          this._list[i = i - 1 + len & this._capacityMask] = void 0;
          del_count--;
        }
        if (index < 0) this._tail = i;
      } else {
        this._tail = i;
        i = i + count2 + len & this._capacityMask;
        for (k = size - (count2 + index); k > 0; k--) {
          this.push(this._list[i++]);
        }
        i = this._tail;
        while (del_count > 0) {
          this._list[i = i + 1 + len & this._capacityMask] = void 0;
          del_count--;
        }
      }
      if (this._head < 2 && this._tail > 1e4 && this._tail <= len >>> 2) this._shrinkArray();
      return removed;
    };
    Denque.prototype.splice = function splice(index, count2) {
      var i = index;
      if (i !== (i | 0)) {
        return void 0;
      }
      var size = this.size();
      if (i < 0) i += size;
      if (i > size) return void 0;
      if (arguments.length > 2) {
        var k;
        var temp;
        var removed;
        var arg_len = arguments.length;
        var len = this._list.length;
        var arguments_index = 2;
        if (!size || i < size / 2) {
          temp = new Array(i);
          for (k = 0; k < i; k++) {
            temp[k] = this._list[this._head + k & this._capacityMask];
          }
          if (count2 === 0) {
            removed = [];
            if (i > 0) {
              this._head = this._head + i + len & this._capacityMask;
            }
          } else {
            removed = this.remove(i, count2);
            this._head = this._head + i + len & this._capacityMask;
          }
          while (arg_len > arguments_index) {
            this.unshift(arguments[--arg_len]);
          }
          for (k = i; k > 0; k--) {
            this.unshift(temp[k - 1]);
          }
        } else {
          temp = new Array(size - (i + count2));
          var leng = temp.length;
          for (k = 0; k < leng; k++) {
            temp[k] = this._list[this._head + i + count2 + k & this._capacityMask];
          }
          if (count2 === 0) {
            removed = [];
            if (i != size) {
              this._tail = this._head + i + len & this._capacityMask;
            }
          } else {
            removed = this.remove(i, count2);
            this._tail = this._tail - leng + len & this._capacityMask;
          }
          while (arguments_index < arg_len) {
            this.push(arguments[arguments_index++]);
          }
          for (k = 0; k < leng; k++) {
            this.push(temp[k]);
          }
        }
        return removed;
      } else {
        return this.remove(i, count2);
      }
    };
    Denque.prototype.clear = function clear() {
      this._list = new Array(this._list.length);
      this._head = 0;
      this._tail = 0;
    };
    Denque.prototype.isEmpty = function isEmpty() {
      return this._head === this._tail;
    };
    Denque.prototype.toArray = function toArray() {
      return this._copyArray(false);
    };
    Denque.prototype._fromArray = function _fromArray(array) {
      var length = array.length;
      var capacity = this._nextPowerOf2(length);
      this._list = new Array(capacity);
      this._capacityMask = capacity - 1;
      this._tail = length;
      for (var i = 0; i < length; i++) this._list[i] = array[i];
    };
    Denque.prototype._copyArray = function _copyArray(fullCopy, size) {
      var src = this._list;
      var capacity = src.length;
      var length = this.length;
      size = size | length;
      if (size == length && this._head < this._tail) {
        return this._list.slice(this._head, this._tail);
      }
      var dest = new Array(size);
      var k = 0;
      var i;
      if (fullCopy || this._head > this._tail) {
        for (i = this._head; i < capacity; i++) dest[k++] = src[i];
        for (i = 0; i < this._tail; i++) dest[k++] = src[i];
      } else {
        for (i = this._head; i < this._tail; i++) dest[k++] = src[i];
      }
      return dest;
    };
    Denque.prototype._growArray = function _growArray() {
      if (this._head != 0) {
        var newList = this._copyArray(true, this._list.length << 1);
        this._tail = this._list.length;
        this._head = 0;
        this._list = newList;
      } else {
        this._tail = this._list.length;
        this._list.length <<= 1;
      }
      this._capacityMask = this._capacityMask << 1 | 1;
    };
    Denque.prototype._shrinkArray = function _shrinkArray() {
      this._list.length >>>= 1;
      this._capacityMask >>>= 1;
    };
    Denque.prototype._nextPowerOf2 = function _nextPowerOf2(num) {
      var log2 = Math.log(num) / Math.log(2);
      var nextPow2 = 1 << log2 + 1;
      return Math.max(nextPow2, 4);
    };
    module.exports = Denque;
  }
});

// node_modules/ioredis/built/cluster/DelayQueue.js
var require_DelayQueue = __commonJS({
  "node_modules/ioredis/built/cluster/DelayQueue.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var utils_1 = require_utils2();
    var Deque = require_denque();
    var debug = (0, utils_1.Debug)("delayqueue");
    var DelayQueue = class {
      constructor() {
        this.queues = {};
        this.timeouts = {};
      }
      /**
       * Add a new item to the queue
       *
       * @param bucket bucket name
       * @param item function that will run later
       * @param options
       */
      push(bucket, item, options) {
        const callback = options.callback || process.nextTick;
        if (!this.queues[bucket]) {
          this.queues[bucket] = new Deque();
        }
        const queue = this.queues[bucket];
        queue.push(item);
        if (!this.timeouts[bucket]) {
          this.timeouts[bucket] = setTimeout(() => {
            callback(() => {
              this.timeouts[bucket] = null;
              this.execute(bucket);
            });
          }, options.timeout);
        }
      }
      execute(bucket) {
        const queue = this.queues[bucket];
        if (!queue) {
          return;
        }
        const { length } = queue;
        if (!length) {
          return;
        }
        debug("send %d commands in %s queue", length, bucket);
        this.queues[bucket] = null;
        while (queue.length > 0) {
          queue.shift()();
        }
      }
    };
    exports.default = DelayQueue;
  }
});

// node_modules/ioredis/built/cluster/ShardedSubscriber.js
var require_ShardedSubscriber = __commonJS({
  "node_modules/ioredis/built/cluster/ShardedSubscriber.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var util_1 = require_util();
    var utils_1 = require_utils2();
    var Redis_1 = require_Redis();
    var debug = (0, utils_1.Debug)("cluster:subscriberGroup:shardedSubscriber");
    var SubscriberStatus = {
      IDLE: "idle",
      STARTING: "starting",
      CONNECTED: "connected",
      STOPPING: "stopping",
      ENDED: "ended"
    };
    var ALLOWED_STATUS_UPDATES = {
      [SubscriberStatus.IDLE]: [
        SubscriberStatus.STARTING,
        SubscriberStatus.STOPPING,
        SubscriberStatus.ENDED
      ],
      [SubscriberStatus.STARTING]: [
        SubscriberStatus.CONNECTED,
        SubscriberStatus.STOPPING,
        SubscriberStatus.ENDED
      ],
      [SubscriberStatus.CONNECTED]: [
        SubscriberStatus.STOPPING,
        SubscriberStatus.ENDED
      ],
      [SubscriberStatus.STOPPING]: [SubscriberStatus.ENDED],
      [SubscriberStatus.ENDED]: []
    };
    var ShardedSubscriber = class {
      constructor(emitter, options, redisOptions) {
        this.emitter = emitter;
        this.status = SubscriberStatus.IDLE;
        this.instance = null;
        this.connectPromise = null;
        this.messageListeners = /* @__PURE__ */ new Map();
        this.onEnd = () => {
          this.updateStatus(SubscriberStatus.ENDED);
          this.emitter.emit("-node", this.instance, this.nodeKey);
        };
        this.onError = (error2) => {
          this.emitter.emit("nodeError", error2, this.nodeKey);
        };
        this.onMoved = () => {
          this.emitter.emit("moved");
        };
        this.instance = new Redis_1.default((0, utils_1.defaults)({
          enableReadyCheck: false,
          enableOfflineQueue: true,
          connectionName: (0, util_1.getConnectionName)("ssubscriber", options.connectionName),
          /**
           * Disable auto reconnection for subscribers.
           * The ClusterSubscriberGroup will handle the reconnection.
           */
          retryStrategy: null,
          lazyConnect: true
        }, options, redisOptions));
        this.lazyConnect = redisOptions?.lazyConnect ?? true;
        this.nodeKey = (0, util_1.getNodeKey)(options);
        this.instance.on("end", this.onEnd);
        this.instance.on("error", this.onError);
        this.instance.on("moved", this.onMoved);
        for (const event of ["smessage", "smessageBuffer"]) {
          const listener = (...args) => {
            this.emitter.emit(event, ...args);
          };
          this.messageListeners.set(event, listener);
          this.instance.on(event, listener);
        }
      }
      async start() {
        if (this.connectPromise) {
          return this.connectPromise;
        }
        if (this.status === SubscriberStatus.STARTING || this.status === SubscriberStatus.CONNECTED) {
          return;
        }
        if (this.status === SubscriberStatus.ENDED || !this.instance) {
          throw new Error(`Sharded subscriber ${this.nodeKey} cannot be restarted once ended.`);
        }
        this.updateStatus(SubscriberStatus.STARTING);
        this.connectPromise = this.instance.connect();
        try {
          await this.connectPromise;
          this.updateStatus(SubscriberStatus.CONNECTED);
        } catch (err) {
          this.updateStatus(SubscriberStatus.ENDED);
          throw err;
        } finally {
          this.connectPromise = null;
        }
      }
      stop() {
        this.updateStatus(SubscriberStatus.STOPPING);
        if (this.instance) {
          this.instance.disconnect();
          this.instance.removeAllListeners();
          this.messageListeners.clear();
          this.instance = null;
        }
        this.updateStatus(SubscriberStatus.ENDED);
        debug("stopped %s", this.nodeKey);
      }
      isStarted() {
        return [
          SubscriberStatus.CONNECTED,
          SubscriberStatus.STARTING
        ].includes(this.status);
      }
      get subscriberStatus() {
        return this.status;
      }
      isHealthy() {
        return (this.status === SubscriberStatus.IDLE || this.status === SubscriberStatus.CONNECTED || this.status === SubscriberStatus.STARTING) && this.instance !== null;
      }
      getInstance() {
        return this.instance;
      }
      getNodeKey() {
        return this.nodeKey;
      }
      isLazyConnect() {
        return this.lazyConnect;
      }
      updateStatus(nextStatus) {
        if (this.status === nextStatus) {
          return;
        }
        if (!ALLOWED_STATUS_UPDATES[this.status].includes(nextStatus)) {
          debug("Invalid status transition for %s: %s -> %s", this.nodeKey, this.status, nextStatus);
          return;
        }
        this.status = nextStatus;
      }
    };
    exports.default = ShardedSubscriber;
  }
});

// node_modules/ioredis/built/cluster/ClusterSubscriberGroup.js
var require_ClusterSubscriberGroup = __commonJS({
  "node_modules/ioredis/built/cluster/ClusterSubscriberGroup.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var utils_1 = require_utils2();
    var util_1 = require_util();
    var calculateSlot = require_lib();
    var ShardedSubscriber_1 = require_ShardedSubscriber();
    var debug = (0, utils_1.Debug)("cluster:subscriberGroup");
    var ClusterSubscriberGroup = class _ClusterSubscriberGroup {
      /**
       * Register callbacks
       *
       * @param cluster
       */
      constructor(subscriberGroupEmitter, options) {
        this.subscriberGroupEmitter = subscriberGroupEmitter;
        this.options = options;
        this.shardedSubscribers = /* @__PURE__ */ new Map();
        this.clusterSlots = [];
        this.subscriberToSlotsIndex = /* @__PURE__ */ new Map();
        this.channels = /* @__PURE__ */ new Map();
        this.failedAttemptsByNode = /* @__PURE__ */ new Map();
        this.isResetting = false;
        this.pendingReset = null;
        this.handleSubscriberConnectFailed = (error2, nodeKey) => {
          const currentAttempts = this.failedAttemptsByNode.get(nodeKey) || 0;
          const failedAttempts = currentAttempts + 1;
          this.failedAttemptsByNode.set(nodeKey, failedAttempts);
          const attempts = Math.min(failedAttempts, _ClusterSubscriberGroup.MAX_RETRY_ATTEMPTS);
          const backoff2 = Math.min(_ClusterSubscriberGroup.BASE_BACKOFF_MS * 2 ** attempts, _ClusterSubscriberGroup.MAX_BACKOFF_MS);
          const jitter = Math.floor((Math.random() - 0.5) * (backoff2 * 0.5));
          const delay2 = Math.max(0, backoff2 + jitter);
          debug("Failed to connect subscriber for %s. Refreshing slots in %dms", nodeKey, delay2);
          this.subscriberGroupEmitter.emit("subscriberConnectFailed", {
            delay: delay2,
            error: error2
          });
        };
        this.handleSubscriberConnectSucceeded = (nodeKey) => {
          this.failedAttemptsByNode.delete(nodeKey);
        };
      }
      /**
       * Get the responsible subscriber.
       *
       * @param slot
       */
      getResponsibleSubscriber(slot) {
        const nodeKey = this.clusterSlots[slot][0];
        const sub = this.shardedSubscribers.get(nodeKey);
        if (sub && sub.subscriberStatus === "idle") {
          sub.start().then(() => {
            this.handleSubscriberConnectSucceeded(sub.getNodeKey());
          }).catch((err) => {
            this.handleSubscriberConnectFailed(err, sub.getNodeKey());
          });
        }
        return sub;
      }
      /**
       * Adds a channel for which this subscriber group is responsible
       *
       * @param channels
       */
      addChannels(channels) {
        const slot = calculateSlot(channels[0]);
        for (const c of channels) {
          if (calculateSlot(c) !== slot) {
            return -1;
          }
        }
        const currChannels = this.channels.get(slot);
        if (!currChannels) {
          this.channels.set(slot, channels);
        } else {
          this.channels.set(slot, currChannels.concat(channels));
        }
        return Array.from(this.channels.values()).reduce((sum2, array) => sum2 + array.length, 0);
      }
      /**
       * Removes channels for which the subscriber group is responsible by optionally unsubscribing
       * @param channels
       */
      removeChannels(channels) {
        const slot = calculateSlot(channels[0]);
        for (const c of channels) {
          if (calculateSlot(c) !== slot) {
            return -1;
          }
        }
        const slotChannels = this.channels.get(slot);
        if (slotChannels) {
          const updatedChannels = slotChannels.filter((c) => !channels.includes(c));
          this.channels.set(slot, updatedChannels);
        }
        return Array.from(this.channels.values()).reduce((sum2, array) => sum2 + array.length, 0);
      }
      /**
       * Disconnect all subscribers and clear some of the internal state.
       */
      stop() {
        for (const s of this.shardedSubscribers.values()) {
          s.stop();
        }
        this.pendingReset = null;
        this.shardedSubscribers.clear();
        this.subscriberToSlotsIndex.clear();
      }
      /**
       * Start all not yet started subscribers
       */
      start() {
        const startPromises = [];
        for (const s of this.shardedSubscribers.values()) {
          if (this.shouldStartSubscriber(s)) {
            startPromises.push(s.start().then(() => {
              this.handleSubscriberConnectSucceeded(s.getNodeKey());
            }).catch((err) => {
              this.handleSubscriberConnectFailed(err, s.getNodeKey());
            }));
            this.subscriberGroupEmitter.emit("+subscriber");
          }
        }
        return Promise.all(startPromises);
      }
      /**
       * Resets the subscriber group by disconnecting all subscribers that are no longer needed and connecting new ones.
       */
      async reset(clusterSlots, clusterNodes) {
        if (this.isResetting) {
          this.pendingReset = { slots: clusterSlots, nodes: clusterNodes };
          return;
        }
        this.isResetting = true;
        try {
          const hasTopologyChanged = this._refreshSlots(clusterSlots);
          const hasFailedSubscribers = this.hasUnhealthySubscribers();
          if (!hasTopologyChanged && !hasFailedSubscribers) {
            debug("No topology change detected or failed subscribers. Skipping reset.");
            return;
          }
          for (const [nodeKey, shardedSubscriber] of this.shardedSubscribers) {
            if (
              // If the subscriber is still responsible for a slot range and is healthy then keep it
              this.subscriberToSlotsIndex.has(nodeKey) && shardedSubscriber.isHealthy()
            ) {
              debug("Skipping deleting subscriber for %s", nodeKey);
              continue;
            }
            debug("Removing subscriber for %s", nodeKey);
            shardedSubscriber.stop();
            this.shardedSubscribers.delete(nodeKey);
            this.subscriberGroupEmitter.emit("-subscriber");
          }
          const startPromises = [];
          for (const [nodeKey, _] of this.subscriberToSlotsIndex) {
            const existingSubscriber = this.shardedSubscribers.get(nodeKey);
            if (existingSubscriber && existingSubscriber.isHealthy()) {
              debug("Skipping creating new subscriber for %s", nodeKey);
              if (!existingSubscriber.isStarted() && this.shouldStartSubscriber(existingSubscriber)) {
                startPromises.push(existingSubscriber.start().then(() => {
                  this.handleSubscriberConnectSucceeded(nodeKey);
                }).catch((error2) => {
                  this.handleSubscriberConnectFailed(error2, nodeKey);
                }));
              }
              continue;
            }
            if (existingSubscriber && !existingSubscriber.isHealthy()) {
              debug("Replacing subscriber for %s", nodeKey);
              existingSubscriber.stop();
              this.shardedSubscribers.delete(nodeKey);
              this.subscriberGroupEmitter.emit("-subscriber");
            }
            debug("Creating new subscriber for %s", nodeKey);
            const redis = clusterNodes.find((node) => {
              return (0, util_1.getNodeKey)(node.options) === nodeKey;
            });
            if (!redis) {
              debug("Failed to find node for key %s", nodeKey);
              continue;
            }
            const sub = new ShardedSubscriber_1.default(this.subscriberGroupEmitter, redis.options, this.options.redisOptions);
            this.shardedSubscribers.set(nodeKey, sub);
            if (this.shouldStartSubscriber(sub)) {
              startPromises.push(sub.start().then(() => {
                this.handleSubscriberConnectSucceeded(nodeKey);
              }).catch((error2) => {
                this.handleSubscriberConnectFailed(error2, nodeKey);
              }));
            }
            this.subscriberGroupEmitter.emit("+subscriber");
          }
          await Promise.all(startPromises);
          this._resubscribe();
          this.subscriberGroupEmitter.emit("subscribersReady");
        } finally {
          this.isResetting = false;
          if (this.pendingReset) {
            const { slots, nodes } = this.pendingReset;
            this.pendingReset = null;
            await this.reset(slots, nodes);
          }
        }
      }
      /**
       * Refreshes the subscriber-related slot ranges
       *
       * Returns false if no refresh was needed
       *
       * @param targetSlots
       */
      _refreshSlots(targetSlots) {
        if (this._slotsAreEqual(targetSlots) && this.subscriberToSlotsIndex.size > 0) {
          debug("Nothing to refresh because the new cluster map is equal to the previous one.");
          return false;
        }
        debug("Refreshing the slots of the subscriber group.");
        this.subscriberToSlotsIndex = /* @__PURE__ */ new Map();
        for (let slot = 0; slot < targetSlots.length; slot++) {
          const node = targetSlots[slot][0];
          if (!this.subscriberToSlotsIndex.has(node)) {
            this.subscriberToSlotsIndex.set(node, []);
          }
          this.subscriberToSlotsIndex.get(node).push(Number(slot));
        }
        this.clusterSlots = JSON.parse(JSON.stringify(targetSlots));
        return true;
      }
      /**
       * Resubscribes to the previous channels
       *
       * @private
       */
      _resubscribe() {
        if (this.shardedSubscribers) {
          this.shardedSubscribers.forEach((s, nodeKey) => {
            const subscriberSlots = this.subscriberToSlotsIndex.get(nodeKey);
            if (subscriberSlots) {
              subscriberSlots.forEach((ss) => {
                const redis = s.getInstance();
                const channels = this.channels.get(ss);
                if (channels && channels.length > 0) {
                  if (!redis || redis.status === "end") {
                    return;
                  }
                  if (redis.status === "ready") {
                    redis.ssubscribe(...channels).catch((err) => {
                      debug("Failed to ssubscribe on node %s: %s", nodeKey, err);
                    });
                  } else {
                    redis.once("ready", () => {
                      redis.ssubscribe(...channels).catch((err) => {
                        debug("Failed to ssubscribe on node %s: %s", nodeKey, err);
                      });
                    });
                  }
                }
              });
            }
          });
        }
      }
      /**
       * Deep equality of the cluster slots objects
       *
       * @param other
       * @private
       */
      _slotsAreEqual(other) {
        if (this.clusterSlots === void 0) {
          return false;
        } else {
          return JSON.stringify(this.clusterSlots) === JSON.stringify(other);
        }
      }
      /**
       * Checks if any subscribers are in an unhealthy state.
       *
       * A subscriber is considered unhealthy if:
       * - It exists but is not started (failed/disconnected)
       * - It's missing entirely for a node that should have one
       *
       * @returns true if any subscribers need to be recreated
       */
      hasUnhealthySubscribers() {
        const hasFailedSubscribers = Array.from(this.shardedSubscribers.values()).some((sub) => !sub.isHealthy());
        const hasMissingSubscribers = Array.from(this.subscriberToSlotsIndex.keys()).some((nodeKey) => !this.shardedSubscribers.has(nodeKey));
        return hasFailedSubscribers || hasMissingSubscribers;
      }
      shouldStartSubscriber(sub) {
        if (sub.isStarted()) {
          return false;
        }
        if (!sub.isLazyConnect()) {
          return true;
        }
        const subscriberSlots = this.subscriberToSlotsIndex.get(sub.getNodeKey());
        if (!subscriberSlots) {
          return false;
        }
        return subscriberSlots.some((slot) => {
          const channels = this.channels.get(slot);
          return Boolean(channels && channels.length > 0);
        });
      }
    };
    ClusterSubscriberGroup.MAX_RETRY_ATTEMPTS = 10;
    ClusterSubscriberGroup.MAX_BACKOFF_MS = 2e3;
    ClusterSubscriberGroup.BASE_BACKOFF_MS = 100;
    exports.default = ClusterSubscriberGroup;
  }
});

// node_modules/ioredis/built/cluster/index.js
var require_cluster = __commonJS({
  "node_modules/ioredis/built/cluster/index.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var commands_1 = require_built();
    var events_1 = __require("events");
    var redis_errors_1 = require_redis_errors();
    var standard_as_callback_1 = require_built2();
    var Command_1 = require_Command();
    var ClusterAllFailedError_1 = require_ClusterAllFailedError();
    var Redis_1 = require_Redis();
    var ScanStream_1 = require_ScanStream();
    var transaction_1 = require_transaction();
    var utils_1 = require_utils2();
    var applyMixin_1 = require_applyMixin();
    var Commander_1 = require_Commander();
    var ClusterOptions_1 = require_ClusterOptions();
    var ClusterSubscriber_1 = require_ClusterSubscriber();
    var ConnectionPool_1 = require_ConnectionPool();
    var DelayQueue_1 = require_DelayQueue();
    var util_1 = require_util();
    var Deque = require_denque();
    var ClusterSubscriberGroup_1 = require_ClusterSubscriberGroup();
    var HimportCoordinator_1 = require_HimportCoordinator();
    var debug = (0, utils_1.Debug)("cluster");
    var REJECT_OVERWRITTEN_COMMANDS = /* @__PURE__ */ new WeakSet();
    var Cluster = class _Cluster extends Commander_1.default {
      /**
       * Creates an instance of Cluster.
       */
      //TODO: Add an option that enables or disables sharded PubSub
      // `redisOptions.replyMapping` carries the `ReplyMapping` class type parameter
      // so RESP3 return shapes are inferred from the options literal at construction,
      // mirroring the single-node `Redis` constructor.
      constructor(startupNodes, options = {}) {
        super();
        this.slots = [];
        this._groupsIds = {};
        this._groupsBySlot = Array(16384);
        this.isCluster = true;
        this.retryAttempts = 0;
        this.delayQueue = new DelayQueue_1.default();
        this.offlineQueue = new Deque();
        this.isRefreshing = false;
        this._refreshSlotsCacheCallbacks = [];
        this._autoPipelines = /* @__PURE__ */ new Map();
        this._runningAutoPipelines = /* @__PURE__ */ new Set();
        this._readyDelayedCallbacks = [];
        this.connectionEpoch = 0;
        events_1.EventEmitter.call(this);
        this.startupNodes = startupNodes;
        this.options = (0, utils_1.defaults)({}, options, ClusterOptions_1.DEFAULT_CLUSTER_OPTIONS, this.options);
        this.options.himportFieldsets = (0, HimportCoordinator_1.cloneHimportFieldsets)(this.options.himportFieldsets);
        const himportCoordinator = this.options.himportFieldsets?.length ? new HimportCoordinator_1.default(this.options.himportFieldsets) : void 0;
        if (himportCoordinator) {
          (0, HimportCoordinator_1.bindHimportCoordinator)(this, himportCoordinator, "cluster");
        }
        if (this.options.shardedSubscribers) {
          this.createShardedSubscriberGroup();
        }
        if (this.options.redisOptions && this.options.redisOptions.keyPrefix && !this.options.keyPrefix) {
          this.options.keyPrefix = this.options.redisOptions.keyPrefix;
        }
        if (typeof this.options.scaleReads !== "function" && ["all", "master", "slave"].indexOf(this.options.scaleReads) === -1) {
          throw new Error('Invalid option scaleReads "' + this.options.scaleReads + '". Expected "all", "master", "slave" or a custom function');
        }
        const redisOptions = { ...this.options.redisOptions ?? {} };
        delete redisOptions.himportFieldsets;
        this.connectionPool = new ConnectionPool_1.default(redisOptions, this.options.clusterNodeRetryStrategy, himportCoordinator ? {
          onCreate: (redis, readOnly) => {
            (0, HimportCoordinator_1.bindHimportCoordinator)(redis, himportCoordinator, readOnly ? "replica" : "master");
          },
          onRoleChange: (redis, key, readOnly) => {
            (0, HimportCoordinator_1.setHimportRole)(redis, readOnly ? "replica" : "master");
            himportCoordinator.invalidate(redis);
            if (!readOnly) {
              (0, util_1.waitForRedisReady)(redis).then(() => {
                for (const definition of himportCoordinator.getDefinitions()) {
                  const preparation = himportCoordinator.ensurePrepared(redis, definition);
                  preparation?.catch((error2) => {
                    this.emit("node error", error2, key);
                  });
                }
              }, (error2) => {
                this.emit("node error", error2, key);
              });
            }
          },
          onRemove: (redis) => {
            (0, HimportCoordinator_1.unbindHimportCoordinator)(redis);
          }
        } : void 0);
        this.connectionPool.on("-node", (redis, key) => {
          this.emit("-node", redis);
        });
        this.connectionPool.on("+node", (redis) => {
          this.emit("+node", redis);
        });
        this.connectionPool.on("drain", () => {
          this.setStatus("close");
        });
        this.connectionPool.on("nodeError", (error2, key) => {
          this.emit("node error", error2, key);
        });
        this.subscriber = new ClusterSubscriber_1.default(this.connectionPool, this);
        if (this.options.scripts) {
          Object.entries(this.options.scripts).forEach(([name3, definition]) => {
            this.defineCommand(name3, definition);
          });
        }
        if (this.options.lazyConnect) {
          this.setStatus("wait");
        } else {
          this.connect().catch((err) => {
            debug("connecting failed: %s", err);
          });
        }
      }
      /**
       * Connect to a cluster
       */
      connect() {
        return new Promise((resolve2, reject) => {
          if (this.status === "connecting" || this.status === "connect" || this.status === "ready") {
            reject(new Error("Redis is already connecting/connected"));
            return;
          }
          const epoch = ++this.connectionEpoch;
          this.setStatus("connecting");
          this.resolveStartupNodeHostnames().then((nodes) => {
            if (this.connectionEpoch !== epoch) {
              debug("discard connecting after resolving startup nodes because epoch not match: %d != %d", epoch, this.connectionEpoch);
              reject(new redis_errors_1.RedisError("Connection is discarded because a new connection is made"));
              return;
            }
            if (this.status !== "connecting") {
              debug("discard connecting after resolving startup nodes because the status changed to %s", this.status);
              reject(new redis_errors_1.RedisError("Connection is aborted"));
              return;
            }
            this.connectionPool.reset(nodes);
            if (this.options.shardedSubscribers) {
              this.shardedSubscribers.reset(this.slots, this.connectionPool.getNodes("all")).catch((err) => {
                debug("Error while starting subscribers: %s", err);
              });
            }
            const readyHandler = () => {
              this.setStatus("ready");
              this.retryAttempts = 0;
              this.executeOfflineCommands();
              this.resetNodesRefreshInterval();
              resolve2();
            };
            let closeListener = void 0;
            const refreshListener = () => {
              this.invokeReadyDelayedCallbacks(void 0);
              this.removeListener("close", closeListener);
              this.manuallyClosing = false;
              this.setStatus("connect");
              if (this.options.enableReadyCheck) {
                this.readyCheck((err, fail) => {
                  if (err || fail) {
                    debug("Ready check failed (%s). Reconnecting...", err || fail);
                    if (this.status === "connect") {
                      this.disconnect(true);
                    }
                  } else {
                    readyHandler();
                  }
                });
              } else {
                readyHandler();
              }
            };
            closeListener = () => {
              const error2 = new Error("None of startup nodes is available");
              this.removeListener("refresh", refreshListener);
              this.invokeReadyDelayedCallbacks(error2);
              reject(error2);
            };
            this.once("refresh", refreshListener);
            this.once("close", closeListener);
            this.once("close", this.handleCloseEvent.bind(this));
            this.refreshSlotsCache((err) => {
              if (err && err.message === ClusterAllFailedError_1.default.defaultMessage) {
                Redis_1.default.prototype.silentEmit.call(this, "error", err);
                this.connectionPool.reset([]);
              }
            });
            this.subscriber.start();
            if (this.options.shardedSubscribers) {
              this.shardedSubscribers.start().catch((err) => {
                debug("Error while starting subscribers: %s", err);
              });
            }
          }).catch((err) => {
            this.setStatus("close");
            this.handleCloseEvent(err);
            this.invokeReadyDelayedCallbacks(err);
            reject(err);
          });
        });
      }
      /**
       * Disconnect from every node in the cluster.
       */
      disconnect(reconnect = false) {
        const status2 = this.status;
        this.setStatus("disconnecting");
        if (!reconnect) {
          this.manuallyClosing = true;
        }
        if (this.reconnectTimeout && !reconnect) {
          clearTimeout(this.reconnectTimeout);
          this.reconnectTimeout = null;
          debug("Canceled reconnecting attempts");
        }
        this.clearNodesRefreshInterval();
        this.subscriber.stop();
        if (this.options.shardedSubscribers) {
          this.shardedSubscribers.stop();
        }
        if (status2 === "wait") {
          this.setStatus("close");
          this.handleCloseEvent();
        } else {
          this.connectionPool.reset([]);
        }
      }
      /**
       * Quit the cluster gracefully.
       */
      quit(callback) {
        const status2 = this.status;
        this.setStatus("disconnecting");
        this.manuallyClosing = true;
        if (this.reconnectTimeout) {
          clearTimeout(this.reconnectTimeout);
          this.reconnectTimeout = null;
        }
        this.clearNodesRefreshInterval();
        this.subscriber.stop();
        if (this.options.shardedSubscribers) {
          this.shardedSubscribers.stop();
        }
        if (status2 === "wait") {
          const ret = (0, standard_as_callback_1.default)(Promise.resolve("OK"), callback);
          setImmediate(function() {
            this.setStatus("close");
            this.handleCloseEvent();
          }.bind(this));
          return ret;
        }
        return (0, standard_as_callback_1.default)(Promise.all(this.nodes().map((node) => node.quit().catch((err) => {
          if (err.message === utils_1.CONNECTION_CLOSED_ERROR_MSG) {
            return "OK";
          }
          throw err;
        }))).then(() => "OK"), callback);
      }
      /**
       * Create a new instance with the same startup nodes and options as the current one.
       *
       * @example
       * ```js
       * var cluster = new Redis.Cluster([{ host: "127.0.0.1", port: "30001" }]);
       * var anotherCluster = cluster.duplicate();
       * ```
       */
      duplicate(overrideStartupNodes = [], overrideOptions) {
        const startupNodes = overrideStartupNodes.length > 0 ? overrideStartupNodes : this.startupNodes.slice(0);
        const options = Object.assign({}, this.options, overrideOptions);
        if (this.options.redisOptions && overrideOptions?.redisOptions) {
          options.redisOptions = Object.assign({}, this.options.redisOptions, overrideOptions.redisOptions);
        }
        return new _Cluster(startupNodes, options);
      }
      /**
       * Get nodes with the specified role
       */
      nodes(role = "all") {
        if (role !== "all" && role !== "master" && role !== "slave") {
          throw new Error('Invalid role "' + role + '". Expected "all", "master" or "slave"');
        }
        return this.connectionPool.getNodes(role);
      }
      /**
       * This is needed in order not to install a listener for each auto pipeline
       *
       * @ignore
       */
      delayUntilReady(callback) {
        this._readyDelayedCallbacks.push(callback);
      }
      /**
       * Get the number of commands queued in automatic pipelines.
       *
       * This is not available (and returns 0) until the cluster is connected and slots information have been received.
       */
      get autoPipelineQueueSize() {
        let queued = 0;
        for (const pipeline of this._autoPipelines.values()) {
          queued += pipeline.length;
        }
        return queued;
      }
      /**
       * Refresh the slot cache
       *
       * @ignore
       */
      refreshSlotsCache(callback) {
        if (callback) {
          this._refreshSlotsCacheCallbacks.push(callback);
        }
        if (this.isRefreshing) {
          return;
        }
        this.isRefreshing = true;
        const _this = this;
        const wrapper = (error2) => {
          this.isRefreshing = false;
          for (const callback2 of this._refreshSlotsCacheCallbacks) {
            callback2(error2);
          }
          this._refreshSlotsCacheCallbacks = [];
        };
        const nodes = (0, utils_1.shuffle)(this.connectionPool.getNodes());
        let lastNodeError = null;
        function tryNode(index) {
          if (index === nodes.length) {
            const error2 = new ClusterAllFailedError_1.default(ClusterAllFailedError_1.default.defaultMessage, lastNodeError);
            return wrapper(error2);
          }
          const node = nodes[index];
          const key = `${node.options.host}:${node.options.port}`;
          debug("getting slot cache from %s", key);
          _this.getInfoFromNode(node, function(err) {
            switch (_this.status) {
              case "close":
              case "end":
                return wrapper(new Error("Cluster is disconnected."));
              case "disconnecting":
                return wrapper(new Error("Cluster is disconnecting."));
            }
            if (err) {
              _this.emit("node error", err, key);
              lastNodeError = err;
              tryNode(index + 1);
            } else {
              _this.emit("refresh");
              wrapper();
            }
          });
        }
        tryNode(0);
      }
      /**
       * @ignore
       */
      sendCommand(command, stream, node) {
        if (this.status === "wait") {
          this.connect().catch(utils_1.noop);
        }
        if (this.status === "end") {
          command.reject(new Error(utils_1.CONNECTION_CLOSED_ERROR_MSG));
          return command.promise;
        }
        if (!stream && !node && this.status === "ready" && (0, HimportCoordinator_1.isHimportControlCommand)(command) && (0, HimportCoordinator_1.interceptHimportControlCommand)(this.connectionPool.getNodes("master"), command)) {
          return command.promise;
        }
        let to = this.options.scaleReads;
        if (to !== "master") {
          const isCommandReadOnly = command.isReadOnly || (0, commands_1.exists)(command.name) && (0, commands_1.hasFlag)(command.name, "readonly");
          if (!isCommandReadOnly) {
            to = "master";
          }
        }
        let targetSlot = node ? node.slot : command.getSlot();
        const ttl = {};
        const _this = this;
        let lastRedis = null;
        if (!node && !REJECT_OVERWRITTEN_COMMANDS.has(command)) {
          REJECT_OVERWRITTEN_COMMANDS.add(command);
          const reject = command.reject;
          command.reject = function(err) {
            const partialTry = tryConnection.bind(null, true);
            _this.handleError(err, ttl, {
              moved: function(slot, key) {
                debug("command %s is moved to %s", command.name, key);
                targetSlot = Number(slot);
                if (_this.slots[slot]) {
                  _this.slots[slot][0] = key;
                } else {
                  _this.slots[slot] = [key];
                }
                _this._groupsBySlot[slot] = _this._groupsIds[_this.slots[slot].join(";")];
                const mapped = _this.natMapper(key);
                const mappedKey = (0, util_1.getNodeKey)(mapped);
                if (lastRedis && (0, util_1.getNodeKey)(lastRedis.options) === mappedKey && _this.connectionPool.getInstanceByKey(mappedKey) === lastRedis) {
                  debug("MOVED redirect points back at %s; recreating its connection", mappedKey);
                  _this.connectionPool.recreate(mapped);
                } else {
                  _this.connectionPool.findOrCreate(mapped);
                }
                tryConnection();
                debug("refreshing slot caches... (triggered by MOVED error)");
                _this.refreshSlotsCache();
              },
              ask: function(slot, key) {
                debug("command %s is required to ask %s:%s", command.name, key);
                const mapped = _this.natMapper(key);
                _this.connectionPool.findOrCreate(mapped);
                tryConnection(false, `${mapped.host}:${mapped.port}`);
              },
              tryagain: partialTry,
              clusterDown: partialTry,
              connectionClosed: partialTry,
              maxRedirections: function(redirectionError) {
                reject.call(command, redirectionError);
              },
              defaults: function() {
                reject.call(command, err);
              }
            });
          };
        }
        tryConnection();
        function tryConnection(random, asking) {
          if (_this.status === "end") {
            command.reject(new redis_errors_1.AbortError("Cluster is ended."));
            return;
          }
          let redis;
          if (_this.status === "ready" || command.name === "cluster") {
            if (node && node.redis) {
              redis = node.redis;
            } else if (Command_1.default.checkFlag("ENTER_SUBSCRIBER_MODE", command.name) || Command_1.default.checkFlag("EXIT_SUBSCRIBER_MODE", command.name)) {
              if (_this.options.shardedSubscribers && (command.name == "ssubscribe" || command.name == "sunsubscribe")) {
                const sub = _this.shardedSubscribers.getResponsibleSubscriber(targetSlot);
                if (!sub) {
                  command.reject(new redis_errors_1.AbortError(`No sharded subscriber for slot: ${targetSlot}`));
                  return;
                }
                let status2 = -1;
                if (command.name == "ssubscribe") {
                  status2 = _this.shardedSubscribers.addChannels(command.getKeys());
                }
                if (command.name == "sunsubscribe") {
                  status2 = _this.shardedSubscribers.removeChannels(command.getKeys());
                }
                if (status2 !== -1) {
                  redis = sub.getInstance();
                } else {
                  command.reject(new redis_errors_1.AbortError("Possible CROSSSLOT error: All channels must hash to the same slot"));
                }
              } else {
                redis = _this.subscriber.getInstance();
              }
              if (!redis) {
                command.reject(new redis_errors_1.AbortError("No subscriber for the cluster"));
                return;
              }
            } else {
              if (!random) {
                if (typeof targetSlot === "number" && _this.slots[targetSlot]) {
                  const nodeKeys = _this.slots[targetSlot];
                  if (typeof to === "function") {
                    const nodes = nodeKeys.map(function(key) {
                      return _this.connectionPool.getInstanceByKey(key);
                    });
                    redis = to(nodes, command);
                    if (Array.isArray(redis)) {
                      redis = (0, utils_1.sample)(redis);
                    }
                    if (!redis) {
                      redis = nodes[0];
                    }
                  } else {
                    let key;
                    if (to === "all") {
                      key = (0, utils_1.sample)(nodeKeys);
                    } else if (to === "slave" && nodeKeys.length > 1) {
                      key = (0, utils_1.sample)(nodeKeys, 1);
                    } else {
                      key = nodeKeys[0];
                    }
                    redis = _this.connectionPool.getInstanceByKey(key);
                  }
                }
                if (asking) {
                  redis = _this.connectionPool.getInstanceByKey(asking);
                }
              }
              if (!redis) {
                redis = (typeof to === "function" ? null : _this.connectionPool.getSampleInstance(to)) || _this.connectionPool.getSampleInstance("all");
              }
              if (redis && !_this.options.enableOfflineQueue && redis.status !== "ready" && redis.status !== "wait") {
                command.reject(new Error(utils_1.CONNECTION_CLOSED_ERROR_MSG));
                return;
              }
            }
            if (node && !node.redis) {
              node.redis = redis;
            }
          }
          if (!redis && _this.options.enableOfflineQueue) {
            _this.offlineQueue.push({
              command,
              stream,
              node
            });
            return;
          }
          if (!redis) {
            command.reject(new Error("Cluster isn't ready and enableOfflineQueue options is false"));
            return;
          }
          lastRedis = redis;
          if (asking) {
            const himportBinding = (0, HimportCoordinator_1.getHimportBinding)(redis);
            const managedSet = !stream && himportBinding?.role === "master" ? himportBinding.coordinator.classify(command) : void 0;
            if (managedSet) {
              (0, util_1.waitForRedisReady)(redis).then(() => {
                if (command.isSettled) {
                  return;
                }
                const preparation = himportBinding.coordinator.prepareCommand(redis, command);
                return preparation ?? Promise.resolve();
              }).then(() => {
                if (command.isSettled) {
                  return;
                }
                himportBinding.coordinator.allowNextSend(redis, command);
                redis.asking();
                redis.sendCommand(command, stream);
              }, (error2) => {
                if (!command.isSettled) {
                  command.reject(error2);
                }
              });
              return;
            }
            redis.asking();
          }
          redis.sendCommand(command, stream);
        }
        return command.promise;
      }
      sscanStream(key, options) {
        return this.createScanStream("sscan", { key, options });
      }
      sscanBufferStream(key, options) {
        return this.createScanStream("sscanBuffer", { key, options });
      }
      hscanStream(key, options) {
        return this.createScanStream("hscan", { key, options });
      }
      hscanBufferStream(key, options) {
        return this.createScanStream("hscanBuffer", { key, options });
      }
      zscanStream(key, options) {
        return this.createScanStream("zscan", { key, options });
      }
      zscanBufferStream(key, options) {
        return this.createScanStream("zscanBuffer", { key, options });
      }
      /**
       * @ignore
       */
      handleError(error2, ttl, handlers) {
        if (typeof ttl.value === "undefined") {
          ttl.value = this.options.maxRedirections;
        } else {
          ttl.value -= 1;
        }
        if (ttl.value <= 0) {
          handlers.maxRedirections(new Error("Too many Cluster redirections. Last error: " + error2));
          return;
        }
        const errv = error2.message.split(" ");
        if (errv[0] === "MOVED") {
          const slot = Number(errv[1]);
          if (!Number.isInteger(slot) || slot < 0 || slot >= 16384) {
            handlers.defaults();
            return;
          }
          const timeout = this.options.retryDelayOnMoved;
          if (timeout && typeof timeout === "number") {
            this.delayQueue.push("moved", handlers.moved.bind(null, slot, errv[2]), { timeout });
          } else {
            handlers.moved(slot, errv[2]);
          }
        } else if (errv[0] === "ASK") {
          handlers.ask(errv[1], errv[2]);
        } else if (errv[0] === "TRYAGAIN") {
          this.delayQueue.push("tryagain", handlers.tryagain, {
            timeout: this.options.retryDelayOnTryAgain
          });
        } else if (errv[0] === "CLUSTERDOWN" && this.options.retryDelayOnClusterDown > 0) {
          this.delayQueue.push("clusterdown", handlers.connectionClosed, {
            timeout: this.options.retryDelayOnClusterDown,
            callback: this.refreshSlotsCache.bind(this)
          });
        } else if (error2.message === utils_1.CONNECTION_CLOSED_ERROR_MSG && this.options.retryDelayOnFailover > 0 && this.status === "ready") {
          this.delayQueue.push("failover", handlers.connectionClosed, {
            timeout: this.options.retryDelayOnFailover,
            callback: this.refreshSlotsCache.bind(this)
          });
        } else {
          handlers.defaults();
        }
      }
      resetOfflineQueue() {
        this.offlineQueue = new Deque();
      }
      clearNodesRefreshInterval() {
        if (this.slotsTimer) {
          clearTimeout(this.slotsTimer);
          this.slotsTimer = null;
        }
      }
      resetNodesRefreshInterval() {
        if (this.slotsTimer || !this.options.slotsRefreshInterval) {
          return;
        }
        const nextRound = () => {
          this.slotsTimer = setTimeout(() => {
            debug('refreshing slot caches... (triggered by "slotsRefreshInterval" option)');
            this.refreshSlotsCache(() => {
              nextRound();
            });
          }, this.options.slotsRefreshInterval);
        };
        nextRound();
      }
      /**
       * Change cluster instance's status
       */
      setStatus(status2) {
        debug("status: %s -> %s", this.status || "[empty]", status2);
        this.status = status2;
        process.nextTick(() => {
          this.emit(status2);
        });
      }
      /**
       * Called when closed to check whether a reconnection should be made
       */
      handleCloseEvent(reason) {
        if (reason) {
          debug("closed because %s", reason);
        }
        let retryDelay;
        if (!this.manuallyClosing && typeof this.options.clusterRetryStrategy === "function") {
          retryDelay = this.options.clusterRetryStrategy.call(this, ++this.retryAttempts, reason);
        }
        if (typeof retryDelay === "number") {
          this.setStatus("reconnecting");
          this.reconnectTimeout = setTimeout(() => {
            this.reconnectTimeout = null;
            debug("Cluster is disconnected. Retrying after %dms", retryDelay);
            this.connect().catch(function(err) {
              debug("Got error %s when reconnecting. Ignoring...", err);
            });
          }, retryDelay);
        } else {
          if (this.options.shardedSubscribers) {
            this.subscriberGroupEmitter?.removeAllListeners();
          }
          this.setStatus("end");
          this.flushQueue(new Error("None of startup nodes is available"));
        }
      }
      /**
       * Flush offline queue with error.
       */
      flushQueue(error2) {
        let item;
        while (item = this.offlineQueue.shift()) {
          item.command.reject(error2);
        }
      }
      executeOfflineCommands() {
        if (this.offlineQueue.length) {
          debug("send %d commands in offline queue", this.offlineQueue.length);
          const offlineQueue = this.offlineQueue;
          this.resetOfflineQueue();
          let item;
          while (item = offlineQueue.shift()) {
            this.sendCommand(item.command, item.stream, item.node);
          }
        }
      }
      natMapper(nodeKey) {
        const key = typeof nodeKey === "string" ? nodeKey : `${nodeKey.host}:${nodeKey.port}`;
        let mapped = null;
        if (this.options.natMap && typeof this.options.natMap === "function") {
          mapped = this.options.natMap(key);
        } else if (this.options.natMap && typeof this.options.natMap === "object") {
          mapped = this.options.natMap[key];
        }
        if (mapped) {
          debug("NAT mapping %s -> %O", key, mapped);
          return Object.assign({}, mapped);
        }
        return typeof nodeKey === "string" ? (0, util_1.nodeKeyToRedisOptions)(nodeKey) : nodeKey;
      }
      getInfoFromNode(redis, callback) {
        if (!redis) {
          return callback(new Error("Node is disconnected"));
        }
        const duplicatedConnection = redis.duplicate({
          enableOfflineQueue: true,
          enableReadyCheck: false,
          retryStrategy: null,
          protocol: 2,
          replyMapping: "legacy",
          connectionName: (0, util_1.getConnectionName)("refresher", this.options.redisOptions && this.options.redisOptions.connectionName)
        });
        duplicatedConnection.on("error", utils_1.noop);
        duplicatedConnection.cluster("SLOTS", (0, utils_1.timeout)((err, result) => {
          duplicatedConnection.disconnect();
          if (err) {
            debug("error encountered running CLUSTER.SLOTS: %s", err);
            return callback(err);
          }
          if (this.status === "disconnecting" || this.status === "close" || this.status === "end") {
            debug("ignore CLUSTER.SLOTS results (count: %d) since cluster status is %s", result.length, this.status);
            callback();
            return;
          }
          const nodes = [];
          debug("cluster slots result count: %d", result.length);
          for (let i = 0; i < result.length; ++i) {
            const items = result[i];
            const slotRangeStart = items[0];
            const slotRangeEnd = items[1];
            const keys = [];
            for (let j2 = 2; j2 < items.length; j2++) {
              if (!items[j2][0]) {
                continue;
              }
              const node = this.natMapper({
                host: items[j2][0],
                port: items[j2][1]
              });
              node.readOnly = j2 !== 2;
              nodes.push(node);
              keys.push(node.host + ":" + node.port);
            }
            debug("cluster slots result [%d]: slots %d~%d served by %s", i, slotRangeStart, slotRangeEnd, keys);
            for (let slot = slotRangeStart; slot <= slotRangeEnd; slot++) {
              this.slots[slot] = keys;
            }
          }
          this._groupsIds = /* @__PURE__ */ Object.create(null);
          let j = 0;
          for (let i = 0; i < 16384; i++) {
            const target = (this.slots[i] || []).join(";");
            if (!target.length) {
              this._groupsBySlot[i] = void 0;
              continue;
            }
            if (!this._groupsIds[target]) {
              this._groupsIds[target] = ++j;
            }
            this._groupsBySlot[i] = this._groupsIds[target];
          }
          this.connectionPool.reset(nodes);
          if (this.options.shardedSubscribers) {
            this.shardedSubscribers.reset(this.slots, this.connectionPool.getNodes("all")).catch((err2) => {
              debug("Error while starting subscribers: %s", err2);
            });
          }
          callback();
        }, this.options.slotsRefreshTimeout));
      }
      invokeReadyDelayedCallbacks(err) {
        for (const c of this._readyDelayedCallbacks) {
          process.nextTick(c, err);
        }
        this._readyDelayedCallbacks = [];
      }
      /**
       * Check whether Cluster is able to process commands
       */
      readyCheck(callback) {
        this.cluster("INFO", (err, res) => {
          if (err) {
            return callback(err);
          }
          if (typeof res !== "string") {
            return callback();
          }
          let state;
          const lines = res.split("\r\n");
          for (let i = 0; i < lines.length; ++i) {
            const parts = lines[i].split(":");
            if (parts[0] === "cluster_state") {
              state = parts[1];
              break;
            }
          }
          if (state === "fail") {
            debug("cluster state not ok (%s)", state);
            callback(null, state);
          } else {
            callback();
          }
        });
      }
      resolveSrv(hostname) {
        return new Promise((resolve2, reject) => {
          this.options.resolveSrv(hostname, (err, records) => {
            if (err) {
              return reject(err);
            }
            const self = this, groupedRecords = (0, util_1.groupSrvRecords)(records), sortedKeys = Object.keys(groupedRecords).sort((a, b) => parseInt(a) - parseInt(b));
            function tryFirstOne(err2) {
              if (!sortedKeys.length) {
                return reject(err2);
              }
              const key = sortedKeys[0], group3 = groupedRecords[key], record = (0, util_1.weightSrvRecords)(group3);
              if (!group3.records.length) {
                sortedKeys.shift();
              }
              self.dnsLookup(record.name).then((host) => resolve2({
                host,
                port: record.port
              }), tryFirstOne);
            }
            tryFirstOne();
          });
        });
      }
      dnsLookup(hostname) {
        return new Promise((resolve2, reject) => {
          this.options.dnsLookup(hostname, (err, address) => {
            if (err) {
              debug("failed to resolve hostname %s to IP: %s", hostname, err.message);
              reject(err);
            } else {
              debug("resolved hostname %s to IP %s", hostname, address);
              resolve2(address);
            }
          });
        });
      }
      /**
       * Normalize startup nodes, and resolving hostnames to IPs.
       *
       * This process happens every time when #connect() is called since
       * #startupNodes and DNS records may chanage.
       */
      async resolveStartupNodeHostnames() {
        if (!Array.isArray(this.startupNodes) || this.startupNodes.length === 0) {
          throw new Error("`startupNodes` should contain at least one node.");
        }
        const startupNodes = (0, util_1.normalizeNodeOptions)(this.startupNodes);
        const hostnames = (0, util_1.getUniqueHostnamesFromOptions)(startupNodes);
        if (hostnames.length === 0) {
          return startupNodes;
        }
        const configs = await Promise.all(hostnames.map((this.options.useSRVRecords ? this.resolveSrv : this.dnsLookup).bind(this)));
        const hostnameToConfig = (0, utils_1.zipMap)(hostnames, configs);
        return startupNodes.map((node) => {
          const config = hostnameToConfig.get(node.host);
          if (!config) {
            return node;
          }
          if (this.options.useSRVRecords) {
            return Object.assign({}, node, config);
          }
          return Object.assign({}, node, { host: config });
        });
      }
      createScanStream(command, { key, options = {} }) {
        return new ScanStream_1.default({
          objectMode: true,
          key,
          redis: this,
          command,
          ...options
        });
      }
      createShardedSubscriberGroup() {
        this.subscriberGroupEmitter = new events_1.EventEmitter();
        this.shardedSubscribers = new ClusterSubscriberGroup_1.default(this.subscriberGroupEmitter, this.options);
        const refreshSlotsCacheCallback = (err) => {
          if (err instanceof ClusterAllFailedError_1.default) {
            this.disconnect(true);
          }
        };
        this.subscriberGroupEmitter.on("-node", (redis, nodeKey) => {
          this.emit("-node", redis, nodeKey);
          this.refreshSlotsCache(refreshSlotsCacheCallback);
        });
        this.subscriberGroupEmitter.on("subscriberConnectFailed", ({ delay: delay2, error: error2 }) => {
          this.emit("error", error2);
          setTimeout(() => {
            this.refreshSlotsCache(refreshSlotsCacheCallback);
          }, delay2);
        });
        this.subscriberGroupEmitter.on("moved", () => {
          this.refreshSlotsCache(refreshSlotsCacheCallback);
        });
        this.subscriberGroupEmitter.on("-subscriber", () => {
          this.emit("-subscriber");
        });
        this.subscriberGroupEmitter.on("+subscriber", () => {
          this.emit("+subscriber");
        });
        this.subscriberGroupEmitter.on("nodeError", (error2, nodeKey) => {
          this.emit("nodeError", error2, nodeKey);
        });
        this.subscriberGroupEmitter.on("subscribersReady", () => {
          this.emit("subscribersReady");
        });
        for (const event of ["smessage", "smessageBuffer"]) {
          this.subscriberGroupEmitter.on(event, (arg1, arg2, arg3) => {
            this.emit(event, arg1, arg2, arg3);
          });
        }
      }
    };
    (0, applyMixin_1.default)(Cluster, events_1.EventEmitter);
    (0, transaction_1.addTransactionSupport)(Cluster.prototype);
    exports.default = Cluster;
  }
});

// node_modules/ioredis/built/connectors/AbstractConnector.js
var require_AbstractConnector = __commonJS({
  "node_modules/ioredis/built/connectors/AbstractConnector.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var utils_1 = require_utils2();
    var debug = (0, utils_1.Debug)("AbstractConnector");
    var AbstractConnector2 = class {
      constructor(disconnectTimeout) {
        this.connecting = false;
        this.disconnectTimeout = disconnectTimeout;
      }
      check(info2) {
        return true;
      }
      disconnect() {
        this.connecting = false;
        if (this.stream) {
          const stream = this.stream;
          const timeout = setTimeout(() => {
            debug("stream %s:%s still open, destroying it", stream.remoteAddress, stream.remotePort);
            stream.destroy();
          }, this.disconnectTimeout);
          stream.on("close", () => clearTimeout(timeout));
          stream.end();
        }
      }
    };
    exports.default = AbstractConnector2;
  }
});

// node_modules/ioredis/built/connectors/StandaloneConnector.js
var require_StandaloneConnector = __commonJS({
  "node_modules/ioredis/built/connectors/StandaloneConnector.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var net_1 = __require("net");
    var tls_1 = __require("tls");
    var utils_1 = require_utils2();
    var AbstractConnector_1 = require_AbstractConnector();
    var StandaloneConnector = class extends AbstractConnector_1.default {
      constructor(options) {
        super(options.disconnectTimeout);
        this.options = options;
      }
      connect(_) {
        const { options } = this;
        this.connecting = true;
        let connectionOptions;
        if ("path" in options && options.path) {
          connectionOptions = {
            path: options.path
          };
        } else {
          connectionOptions = {};
          if ("port" in options && options.port != null) {
            connectionOptions.port = options.port;
          }
          if ("host" in options && options.host != null) {
            connectionOptions.host = options.host;
          }
          if ("family" in options && options.family != null) {
            connectionOptions.family = options.family;
          }
        }
        if (options.tls) {
          Object.assign(connectionOptions, options.tls);
        }
        return new Promise((resolve2, reject) => {
          process.nextTick(() => {
            if (!this.connecting) {
              reject(new Error(utils_1.CONNECTION_CLOSED_ERROR_MSG));
              return;
            }
            try {
              if (options.tls) {
                this.stream = (0, tls_1.connect)(connectionOptions);
              } else {
                this.stream = (0, net_1.createConnection)(connectionOptions);
              }
            } catch (err) {
              reject(err);
              return;
            }
            this.stream.once("error", (err) => {
              this.firstError = err;
            });
            resolve2(this.stream);
          });
        });
      }
    };
    exports.default = StandaloneConnector;
  }
});

// node_modules/ioredis/built/connectors/SentinelConnector/SentinelIterator.js
var require_SentinelIterator = __commonJS({
  "node_modules/ioredis/built/connectors/SentinelConnector/SentinelIterator.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    function isSentinelEql(a, b) {
      return (a.host || "127.0.0.1") === (b.host || "127.0.0.1") && (a.port || 26379) === (b.port || 26379);
    }
    var SentinelIterator = class {
      constructor(sentinels) {
        this.cursor = 0;
        this.sentinels = sentinels.slice(0);
      }
      next() {
        const done = this.cursor >= this.sentinels.length;
        return { done, value: done ? void 0 : this.sentinels[this.cursor++] };
      }
      reset(moveCurrentEndpointToFirst) {
        if (moveCurrentEndpointToFirst && this.sentinels.length > 1 && this.cursor !== 1) {
          this.sentinels.unshift(...this.sentinels.splice(this.cursor - 1));
        }
        this.cursor = 0;
      }
      add(sentinel) {
        for (let i = 0; i < this.sentinels.length; i++) {
          if (isSentinelEql(sentinel, this.sentinels[i])) {
            return false;
          }
        }
        this.sentinels.push(sentinel);
        return true;
      }
      toString() {
        return `${JSON.stringify(this.sentinels)} @${this.cursor}`;
      }
    };
    exports.default = SentinelIterator;
  }
});

// node_modules/ioredis/built/connectors/SentinelConnector/FailoverDetector.js
var require_FailoverDetector = __commonJS({
  "node_modules/ioredis/built/connectors/SentinelConnector/FailoverDetector.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.FailoverDetector = void 0;
    var utils_1 = require_utils2();
    var debug = (0, utils_1.Debug)("FailoverDetector");
    var CHANNEL_NAME = "+switch-master";
    var FailoverDetector = class {
      // sentinels can't be used for regular commands after this
      constructor(connector, sentinels) {
        this.isDisconnected = false;
        this.connector = connector;
        this.sentinels = sentinels;
      }
      cleanup() {
        this.isDisconnected = true;
        for (const sentinel of this.sentinels) {
          sentinel.client.disconnect();
        }
      }
      async subscribe() {
        debug("Starting FailoverDetector");
        const promises2 = [];
        for (const sentinel of this.sentinels) {
          const promise = sentinel.client.subscribe(CHANNEL_NAME).catch((err) => {
            debug("Failed to subscribe to failover messages on sentinel %s:%s (%s)", sentinel.address.host || "127.0.0.1", sentinel.address.port || 26739, err.message);
          });
          promises2.push(promise);
          sentinel.client.on("message", (channel) => {
            if (!this.isDisconnected && channel === CHANNEL_NAME) {
              this.disconnect();
            }
          });
        }
        await Promise.all(promises2);
      }
      disconnect() {
        this.isDisconnected = true;
        debug("Failover detected, disconnecting");
        this.connector.disconnect();
      }
    };
    exports.FailoverDetector = FailoverDetector;
  }
});

// node_modules/ioredis/built/connectors/SentinelConnector/index.js
var require_SentinelConnector = __commonJS({
  "node_modules/ioredis/built/connectors/SentinelConnector/index.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.SentinelIterator = void 0;
    var net_1 = __require("net");
    var utils_1 = require_utils2();
    var tls_1 = __require("tls");
    var SentinelIterator_1 = require_SentinelIterator();
    exports.SentinelIterator = SentinelIterator_1.default;
    var AbstractConnector_1 = require_AbstractConnector();
    var Redis_1 = require_Redis();
    var FailoverDetector_1 = require_FailoverDetector();
    var debug = (0, utils_1.Debug)("SentinelConnector");
    var SentinelConnector = class extends AbstractConnector_1.default {
      constructor(options) {
        super(options.disconnectTimeout);
        this.options = options;
        this.emitter = null;
        this.failoverDetector = null;
        if (!this.options.sentinels.length) {
          throw new Error("Requires at least one sentinel to connect to.");
        }
        if (!this.options.name) {
          throw new Error("Requires the name of master.");
        }
        this.sentinelIterator = new SentinelIterator_1.default(this.options.sentinels);
      }
      check(info2) {
        const roleMatches = !info2.role || this.options.role === info2.role;
        if (!roleMatches) {
          debug("role invalid, expected %s, but got %s", this.options.role, info2.role);
          this.sentinelIterator.next();
          this.sentinelIterator.next();
          this.sentinelIterator.reset(true);
        }
        return roleMatches;
      }
      disconnect() {
        super.disconnect();
        if (this.failoverDetector) {
          this.failoverDetector.cleanup();
        }
      }
      connect(eventEmitter) {
        this.connecting = true;
        this.retryAttempts = 0;
        let lastError;
        const connectToNext = async () => {
          const endpoint = this.sentinelIterator.next();
          if (endpoint.done) {
            this.sentinelIterator.reset(false);
            const retryDelay = typeof this.options.sentinelRetryStrategy === "function" ? this.options.sentinelRetryStrategy(++this.retryAttempts) : null;
            let errorMsg = typeof retryDelay !== "number" ? "All sentinels are unreachable and retry is disabled." : `All sentinels are unreachable. Retrying from scratch after ${retryDelay}ms.`;
            if (lastError) {
              errorMsg += ` Last error: ${lastError.message}`;
            }
            debug(errorMsg);
            const error2 = new Error(errorMsg);
            if (typeof retryDelay === "number") {
              eventEmitter("error", error2);
              await new Promise((resolve2) => setTimeout(resolve2, retryDelay));
              return connectToNext();
            } else {
              throw error2;
            }
          }
          let resolved = null;
          let err = null;
          try {
            resolved = await this.resolve(endpoint.value);
          } catch (error2) {
            err = error2;
          }
          if (!this.connecting) {
            throw new Error(utils_1.CONNECTION_CLOSED_ERROR_MSG);
          }
          const endpointAddress = endpoint.value.host + ":" + endpoint.value.port;
          if (resolved) {
            debug("resolved: %s:%s from sentinel %s", resolved.host, resolved.port, endpointAddress);
            if (this.options.enableTLSForSentinelMode && this.options.tls) {
              Object.assign(resolved, this.options.tls);
              this.stream = (0, tls_1.connect)(resolved);
              this.stream.once("secureConnect", this.initFailoverDetector.bind(this));
            } else {
              this.stream = (0, net_1.createConnection)(resolved);
              this.stream.once("connect", this.initFailoverDetector.bind(this));
            }
            this.stream.once("error", (err2) => {
              this.firstError = err2;
            });
            return this.stream;
          } else {
            const errorMsg = err ? "failed to connect to sentinel " + endpointAddress + " because " + err.message : "connected to sentinel " + endpointAddress + " successfully, but got an invalid reply: " + resolved;
            debug(errorMsg);
            eventEmitter("sentinelError", new Error(errorMsg));
            if (err) {
              lastError = err;
            }
            return connectToNext();
          }
        };
        return connectToNext();
      }
      async updateSentinels(client) {
        if (!this.options.updateSentinels) {
          return;
        }
        const result = await client.sentinel("sentinels", this.options.name);
        if (!Array.isArray(result)) {
          return;
        }
        result.map(utils_1.packObject).forEach((sentinel) => {
          const flags = sentinel.flags ? sentinel.flags.split(",") : [];
          if (flags.indexOf("disconnected") === -1 && sentinel.ip && sentinel.port) {
            const endpoint = this.sentinelNatResolve(addressResponseToAddress(sentinel));
            if (this.sentinelIterator.add(endpoint)) {
              debug("adding sentinel %s:%s", endpoint.host, endpoint.port);
            }
          }
        });
        debug("Updated internal sentinels: %s", this.sentinelIterator);
      }
      async resolveMaster(client) {
        const result = await client.sentinel("get-master-addr-by-name", this.options.name);
        await this.updateSentinels(client);
        return this.sentinelNatResolve(Array.isArray(result) ? { host: result[0], port: Number(result[1]) } : null);
      }
      async resolveSlave(client) {
        const result = await client.sentinel("slaves", this.options.name);
        if (!Array.isArray(result)) {
          return null;
        }
        const availableSlaves = result.map(utils_1.packObject).filter((slave) => slave.flags && !slave.flags.match(/(disconnected|s_down|o_down)/));
        return this.sentinelNatResolve(selectPreferredSentinel(availableSlaves, this.options.preferredSlaves));
      }
      sentinelNatResolve(item) {
        if (!item || !this.options.natMap)
          return item;
        const key = `${item.host}:${item.port}`;
        let result = item;
        if (typeof this.options.natMap === "function") {
          result = this.options.natMap(key) || item;
        } else if (typeof this.options.natMap === "object") {
          result = this.options.natMap[key] || item;
        }
        return result;
      }
      connectToSentinel(endpoint, options) {
        const redis = new Redis_1.default({
          port: endpoint.port || 26379,
          host: endpoint.host,
          username: this.options.sentinelUsername || null,
          password: this.options.sentinelPassword || null,
          family: endpoint.family || ("path" in this.options && this.options.path ? void 0 : this.options.family),
          tls: this.options.sentinelTLS,
          retryStrategy: null,
          enableReadyCheck: false,
          protocol: this.options.protocol,
          replyMapping: "legacy",
          connectTimeout: this.options.connectTimeout,
          commandTimeout: this.options.sentinelCommandTimeout,
          ...options
        });
        return redis;
      }
      async resolve(endpoint) {
        const client = this.connectToSentinel(endpoint);
        client.on("error", noop);
        try {
          if (this.options.role === "slave") {
            return await this.resolveSlave(client);
          } else {
            return await this.resolveMaster(client);
          }
        } finally {
          client.disconnect();
        }
      }
      async initFailoverDetector() {
        if (!this.options.failoverDetector) {
          return;
        }
        this.sentinelIterator.reset(true);
        const sentinels = [];
        while (sentinels.length < this.options.sentinelMaxConnections) {
          const { done, value } = this.sentinelIterator.next();
          if (done) {
            break;
          }
          const client = this.connectToSentinel(value, {
            lazyConnect: true,
            retryStrategy: this.options.sentinelReconnectStrategy,
            protocol: this.options.protocol,
            replyMapping: "legacy"
          });
          client.on("reconnecting", () => {
            this.emitter?.emit("sentinelReconnecting");
          });
          sentinels.push({ address: value, client });
        }
        this.sentinelIterator.reset(false);
        if (this.failoverDetector) {
          this.failoverDetector.cleanup();
        }
        this.failoverDetector = new FailoverDetector_1.FailoverDetector(this, sentinels);
        await this.failoverDetector.subscribe();
        this.emitter?.emit("failoverSubscribed");
      }
    };
    exports.default = SentinelConnector;
    function selectPreferredSentinel(availableSlaves, preferredSlaves) {
      if (availableSlaves.length === 0) {
        return null;
      }
      let selectedSlave;
      if (typeof preferredSlaves === "function") {
        selectedSlave = preferredSlaves(availableSlaves);
      } else if (preferredSlaves !== null && typeof preferredSlaves === "object") {
        const preferredSlavesArray = Array.isArray(preferredSlaves) ? [...preferredSlaves] : [preferredSlaves];
        preferredSlavesArray.sort((a, b) => {
          const aPrio = a.prio ?? 1;
          const bPrio = b.prio ?? 1;
          if (aPrio < bPrio) {
            return -1;
          }
          if (aPrio > bPrio) {
            return 1;
          }
          return 0;
        });
        for (let p = 0; p < preferredSlavesArray.length; p++) {
          for (let a = 0; a < availableSlaves.length; a++) {
            const slave = availableSlaves[a];
            if (slave.ip === preferredSlavesArray[p].ip) {
              if (slave.port === preferredSlavesArray[p].port) {
                selectedSlave = slave;
                break;
              }
            }
          }
          if (selectedSlave) {
            break;
          }
        }
      }
      if (!selectedSlave) {
        selectedSlave = (0, utils_1.sample)(availableSlaves);
      }
      return addressResponseToAddress(selectedSlave);
    }
    function addressResponseToAddress(input) {
      return { host: input.ip, port: Number(input.port) };
    }
    function noop() {
    }
  }
});

// node_modules/ioredis/built/connectors/index.js
var require_connectors = __commonJS({
  "node_modules/ioredis/built/connectors/index.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.SentinelConnector = exports.StandaloneConnector = void 0;
    var StandaloneConnector_1 = require_StandaloneConnector();
    exports.StandaloneConnector = StandaloneConnector_1.default;
    var SentinelConnector_1 = require_SentinelConnector();
    exports.SentinelConnector = SentinelConnector_1.default;
  }
});

// node_modules/ioredis/built/errors/MaxRetriesPerRequestError.js
var require_MaxRetriesPerRequestError = __commonJS({
  "node_modules/ioredis/built/errors/MaxRetriesPerRequestError.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var redis_errors_1 = require_redis_errors();
    var MaxRetriesPerRequestError = class extends redis_errors_1.AbortError {
      constructor(maxRetriesPerRequest) {
        const message = `Reached the max retries per request limit (which is ${maxRetriesPerRequest}). Refer to "maxRetriesPerRequest" option for details.`;
        super(message);
        Error.captureStackTrace(this, this.constructor);
      }
      get name() {
        return this.constructor.name;
      }
    };
    exports.default = MaxRetriesPerRequestError;
  }
});

// node_modules/ioredis/built/errors/index.js
var require_errors = __commonJS({
  "node_modules/ioredis/built/errors/index.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.MaxRetriesPerRequestError = void 0;
    var MaxRetriesPerRequestError_1 = require_MaxRetriesPerRequestError();
    exports.MaxRetriesPerRequestError = MaxRetriesPerRequestError_1.default;
  }
});

// node_modules/ioredis/built/utils/version.js
var require_version = __commonJS({
  "node_modules/ioredis/built/utils/version.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.PACKAGE_VERSION = void 0;
    exports.PACKAGE_VERSION = "6.0.0";
  }
});

// node_modules/ioredis/built/SubscriptionSet.js
var require_SubscriptionSet = __commonJS({
  "node_modules/ioredis/built/SubscriptionSet.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var SubscriptionSet = class {
      constructor() {
        this.set = {
          subscribe: {},
          psubscribe: {},
          ssubscribe: {}
        };
      }
      add(set, channel) {
        this.set[mapSet(set)][channel] = true;
      }
      del(set, channel) {
        delete this.set[mapSet(set)][channel];
      }
      channels(set) {
        return Object.keys(this.set[mapSet(set)]);
      }
      isEmpty() {
        return this.channels("subscribe").length === 0 && this.channels("psubscribe").length === 0 && this.channels("ssubscribe").length === 0;
      }
    };
    exports.default = SubscriptionSet;
    function mapSet(set) {
      if (set === "unsubscribe") {
        return "subscribe";
      }
      if (set === "punsubscribe") {
        return "psubscribe";
      }
      if (set === "sunsubscribe") {
        return "ssubscribe";
      }
      return set;
    }
  }
});

// node_modules/ioredis/built/resp/verbatim-string.js
var require_verbatim_string = __commonJS({
  "node_modules/ioredis/built/resp/verbatim-string.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.VerbatimString = void 0;
    var VerbatimString = class extends String {
      constructor(format, value) {
        super(value);
        this.format = format;
      }
    };
    exports.VerbatimString = VerbatimString;
  }
});

// node_modules/ioredis/built/resp/errors.js
var require_errors2 = __commonJS({
  "node_modules/ioredis/built/resp/errors.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.BlobError = exports.SimpleError = void 0;
    var redis_errors_1 = require_redis_errors();
    var SimpleError = class extends redis_errors_1.ReplyError {
      get name() {
        return "ReplyError";
      }
    };
    exports.SimpleError = SimpleError;
    var BlobError = class extends redis_errors_1.ReplyError {
      get name() {
        return "ReplyError";
      }
    };
    exports.BlobError = BlobError;
  }
});

// node_modules/ioredis/built/resp/decoder.js
var require_decoder = __commonJS({
  "node_modules/ioredis/built/resp/decoder.js"(exports) {
    "use strict";
    var __classPrivateFieldSet = exports && exports.__classPrivateFieldSet || function(receiver, state, value, kind, f) {
      if (kind === "m") throw new TypeError("Private method is not writable");
      if (kind === "a" && !f) throw new TypeError("Private accessor was defined without a setter");
      if (typeof state === "function" ? receiver !== state || !f : !state.has(receiver)) throw new TypeError("Cannot write private member to an object whose class did not declare it");
      return kind === "a" ? f.call(receiver, value) : f ? f.value = value : state.set(receiver, value), value;
    };
    var __classPrivateFieldGet = exports && exports.__classPrivateFieldGet || function(receiver, state, kind, f) {
      if (kind === "a" && !f) throw new TypeError("Private accessor was defined without a getter");
      if (typeof state === "function" ? receiver !== state || !f : !state.has(receiver)) throw new TypeError("Cannot read private member from an object whose class did not declare it");
      return kind === "m" ? f : kind === "a" ? f.call(receiver) : f ? f.value : state.get(receiver);
    };
    var _Decoder_instances;
    var _a;
    var _Decoder_cursor;
    var _Decoder_next;
    var _Decoder_pushTypeMapping;
    var _Decoder_continueDecodeTypeValue;
    var _Decoder_decodeTypeValue;
    var _Decoder_handleDecodedValue;
    var _Decoder_continueDecodeValue;
    var _Decoder_decodeNull;
    var _Decoder_decodeBoolean;
    var _Decoder_decodeNumber;
    var _Decoder_maybeDecodeNumberValue;
    var _Decoder_decodeNumberValue;
    var _Decoder_decodeUnsingedNumber;
    var _Decoder_decodeBigNumber;
    var _Decoder_maybeDecodeBigNumberValue;
    var _Decoder_decodeBigNumberValue;
    var _Decoder_decodeUnsingedBigNumber;
    var _Decoder_decodeDouble;
    var _Decoder_maybeDecodeDoubleInteger;
    var _Decoder_decodeDoubleInteger;
    var _Decoder_continueDecodeDoubleInteger;
    var _Decoder_DOUBLE_DECIMAL_MULTIPLIERS;
    var _Decoder_decodeDoubleDecimal;
    var _Decoder_decodeDoubleExponent;
    var _Decoder_continueDecodeDoubleExponent;
    var _Decoder_findCRLF;
    var _Decoder_decodeSimpleString;
    var _Decoder_continueDecodeSimpleString;
    var _Decoder_decodeBlobString;
    var _Decoder_continueDecodeBlobStringLength;
    var _Decoder_decodeStringWithLength;
    var _Decoder_continueDecodeStringWithLength;
    var _Decoder_decodeBlobStringWithLength;
    var _Decoder_decodeVerbatimString;
    var _Decoder_continueDecodeVerbatimStringLength;
    var _Decoder_decodeVerbatimStringWithLength;
    var _Decoder_decodeVerbatimStringFormat;
    var _Decoder_continueDecodeVerbatimStringFormat;
    var _Decoder_decodeVerbatimStringWithFormat;
    var _Decoder_continueDecodeVerbatimStringWithFormat;
    var _Decoder_decodeSimpleError;
    var _Decoder_continueDecodeSimpleError;
    var _Decoder_decodeBlobError;
    var _Decoder_continueDecodeBlobError;
    var _Decoder_decodeNestedType;
    var _Decoder_decodeNestedTypeValue;
    var _Decoder_decodeArray;
    var _Decoder_decodeArrayWithLength;
    var _Decoder_continueDecodeArrayLength;
    var _Decoder_decodeArrayItems;
    var _Decoder_continueDecodeArrayItems;
    var _Decoder_decodeSet;
    var _Decoder_continueDecodeSetLength;
    var _Decoder_decodeSetItems;
    var _Decoder_decodeSetAsSet;
    var _Decoder_continueDecodeSetAsSet;
    var _Decoder_decodeMap;
    var _Decoder_continueDecodeMapLength;
    var _Decoder_decodeMapItems;
    var _Decoder_decodeMapAsMap;
    var _Decoder_decodeMapKey;
    var _Decoder_decodeMapKeyValue;
    var _Decoder_continueDecodeMapKey;
    var _Decoder_continueDecodeMapValue;
    var _Decoder_decodeMapAsObject;
    var _Decoder_continueDecodeMapAsObjectKey;
    var _Decoder_continueDecodeMapAsObjectValue;
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.Decoder = exports.PUSH_TYPE_MAPPING = exports.RESP_TYPES = void 0;
    var verbatim_string_1 = require_verbatim_string();
    var errors_1 = require_errors2();
    exports.RESP_TYPES = {
      NULL: 95,
      // _
      BOOLEAN: 35,
      // #
      NUMBER: 58,
      // :
      BIG_NUMBER: 40,
      // (
      DOUBLE: 44,
      // ,
      SIMPLE_STRING: 43,
      // +
      BLOB_STRING: 36,
      // $
      VERBATIM_STRING: 61,
      // =
      SIMPLE_ERROR: 45,
      // -
      BLOB_ERROR: 33,
      // !
      ARRAY: 42,
      // *
      SET: 126,
      // ~
      MAP: 37,
      // %
      PUSH: 62
      // >
    };
    var ASCII = {
      "\r": 13,
      t: 116,
      "+": 43,
      "-": 45,
      "0": 48,
      ".": 46,
      i: 105,
      n: 110,
      E: 69,
      e: 101
    };
    exports.PUSH_TYPE_MAPPING = {
      [exports.RESP_TYPES.BLOB_STRING]: Buffer
    };
    var Decoder = class {
      constructor(config) {
        _Decoder_instances.add(this);
        _Decoder_cursor.set(this, 0);
        _Decoder_next.set(this, void 0);
        _Decoder_pushTypeMapping.set(this, void 0);
        this.onReply = config.onReply;
        this.onErrorReply = config.onErrorReply;
        this.onPush = config.onPush;
        this.getTypeMapping = config.getTypeMapping;
        __classPrivateFieldSet(this, _Decoder_pushTypeMapping, {
          ...config.getTypeMapping(),
          ...exports.PUSH_TYPE_MAPPING
        }, "f");
      }
      reset() {
        __classPrivateFieldSet(this, _Decoder_cursor, 0, "f");
        __classPrivateFieldSet(this, _Decoder_next, void 0, "f");
      }
      write(chunk) {
        var _b;
        if (__classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
          __classPrivateFieldSet(this, _Decoder_cursor, __classPrivateFieldGet(this, _Decoder_cursor, "f") - chunk.length, "f");
          return;
        }
        if (__classPrivateFieldGet(this, _Decoder_next, "f")) {
          if (__classPrivateFieldGet(this, _Decoder_next, "f").call(this, chunk) || __classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
            __classPrivateFieldSet(this, _Decoder_cursor, __classPrivateFieldGet(this, _Decoder_cursor, "f") - chunk.length, "f");
            return;
          }
        }
        do {
          const type = chunk[__classPrivateFieldGet(this, _Decoder_cursor, "f")];
          if (__classPrivateFieldSet(this, _Decoder_cursor, (_b = __classPrivateFieldGet(this, _Decoder_cursor, "f"), ++_b), "f") === chunk.length) {
            __classPrivateFieldSet(this, _Decoder_next, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeTypeValue).bind(this, type), "f");
            break;
          }
          if (__classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeTypeValue).call(this, type, chunk)) {
            break;
          }
        } while (__classPrivateFieldGet(this, _Decoder_cursor, "f") < chunk.length);
        __classPrivateFieldSet(this, _Decoder_cursor, __classPrivateFieldGet(this, _Decoder_cursor, "f") - chunk.length, "f");
      }
    };
    exports.Decoder = Decoder;
    _a = Decoder, _Decoder_cursor = /* @__PURE__ */ new WeakMap(), _Decoder_next = /* @__PURE__ */ new WeakMap(), _Decoder_pushTypeMapping = /* @__PURE__ */ new WeakMap(), _Decoder_instances = /* @__PURE__ */ new WeakSet(), _Decoder_continueDecodeTypeValue = function _Decoder_continueDecodeTypeValue2(type, chunk) {
      __classPrivateFieldSet(this, _Decoder_next, void 0, "f");
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeTypeValue).call(this, type, chunk);
    }, _Decoder_decodeTypeValue = function _Decoder_decodeTypeValue2(type, chunk) {
      switch (type) {
        case exports.RESP_TYPES.NULL:
          this.onReply(__classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNull).call(this));
          return false;
        case exports.RESP_TYPES.BOOLEAN:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBoolean).call(this, this.getTypeMapping()[exports.RESP_TYPES.BOOLEAN], chunk));
        case exports.RESP_TYPES.NUMBER:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNumber).call(this, this.getTypeMapping()[exports.RESP_TYPES.NUMBER], chunk));
        case exports.RESP_TYPES.BIG_NUMBER:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBigNumber).call(this, this.getTypeMapping()[exports.RESP_TYPES.BIG_NUMBER], chunk));
        case exports.RESP_TYPES.DOUBLE:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDouble).call(this, this.getTypeMapping()[exports.RESP_TYPES.DOUBLE], chunk));
        case exports.RESP_TYPES.SIMPLE_STRING:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSimpleString).call(this, this.getTypeMapping()[exports.RESP_TYPES.SIMPLE_STRING], chunk));
        case exports.RESP_TYPES.BLOB_STRING:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobString).call(this, this.getTypeMapping()[exports.RESP_TYPES.BLOB_STRING], chunk));
        case exports.RESP_TYPES.VERBATIM_STRING:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeVerbatimString).call(this, this.getTypeMapping()[exports.RESP_TYPES.VERBATIM_STRING], chunk));
        case exports.RESP_TYPES.SIMPLE_ERROR:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onErrorReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSimpleError).call(this, chunk));
        case exports.RESP_TYPES.BLOB_ERROR:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onErrorReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobError).call(this, chunk));
        case exports.RESP_TYPES.ARRAY:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeArray).call(this, this.getTypeMapping(), chunk));
        case exports.RESP_TYPES.SET:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSet).call(this, this.getTypeMapping(), chunk));
        case exports.RESP_TYPES.MAP:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onReply, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMap).call(this, this.getTypeMapping(), chunk));
        case exports.RESP_TYPES.PUSH:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, this.onPush, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeArray).call(this, __classPrivateFieldGet(this, _Decoder_pushTypeMapping, "f"), chunk));
        default:
          throw new Error(`Unknown RESP type ${type} "${String.fromCharCode(type)}"`);
      }
    }, _Decoder_handleDecodedValue = function _Decoder_handleDecodedValue2(cb, value) {
      if (typeof value === "function") {
        __classPrivateFieldSet(this, _Decoder_next, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeValue).bind(this, cb, value), "f");
        return true;
      }
      cb(value);
      return false;
    }, _Decoder_continueDecodeValue = function _Decoder_continueDecodeValue2(cb, next, chunk) {
      __classPrivateFieldSet(this, _Decoder_next, void 0, "f");
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_handleDecodedValue).call(this, cb, next(chunk));
    }, _Decoder_decodeNull = function _Decoder_decodeNull2() {
      __classPrivateFieldSet(this, _Decoder_cursor, __classPrivateFieldGet(this, _Decoder_cursor, "f") + 2, "f");
      return null;
    }, _Decoder_decodeBoolean = function _Decoder_decodeBoolean2(type, chunk) {
      const boolean = chunk[__classPrivateFieldGet(this, _Decoder_cursor, "f")] === ASCII.t;
      __classPrivateFieldSet(this, _Decoder_cursor, __classPrivateFieldGet(this, _Decoder_cursor, "f") + 3, "f");
      return type === Number ? boolean ? 1 : 0 : boolean;
    }, _Decoder_decodeNumber = function _Decoder_decodeNumber2(type, chunk) {
      if (type === String) {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSimpleString).call(this, String, chunk);
      }
      switch (chunk[__classPrivateFieldGet(this, _Decoder_cursor, "f")]) {
        case ASCII["+"]:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_maybeDecodeNumberValue).call(this, false, chunk);
        case ASCII["-"]:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_maybeDecodeNumberValue).call(this, true, chunk);
        default:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNumberValue).call(this, false, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeUnsingedNumber).bind(this, 0), chunk);
      }
    }, _Decoder_maybeDecodeNumberValue = function _Decoder_maybeDecodeNumberValue2(isNegative, chunk) {
      var _b;
      const cb = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeUnsingedNumber).bind(this, 0);
      return __classPrivateFieldSet(this, _Decoder_cursor, (_b = __classPrivateFieldGet(this, _Decoder_cursor, "f"), ++_b), "f") === chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNumberValue).bind(this, isNegative, cb) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNumberValue).call(this, isNegative, cb, chunk);
    }, _Decoder_decodeNumberValue = function _Decoder_decodeNumberValue2(isNegative, numberCb, chunk) {
      const number = numberCb(chunk);
      return typeof number === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNumberValue2).bind(this, isNegative, number) : isNegative ? -number : number;
    }, _Decoder_decodeUnsingedNumber = function _Decoder_decodeUnsingedNumber2(number, chunk) {
      let cursor = __classPrivateFieldGet(this, _Decoder_cursor, "f");
      do {
        const byte = chunk[cursor];
        if (byte === ASCII["\r"]) {
          __classPrivateFieldSet(this, _Decoder_cursor, cursor + 2, "f");
          return number;
        }
        number = number * 10 + byte - ASCII["0"];
      } while (++cursor < chunk.length);
      __classPrivateFieldSet(this, _Decoder_cursor, cursor, "f");
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeUnsingedNumber2).bind(this, number);
    }, _Decoder_decodeBigNumber = function _Decoder_decodeBigNumber2(type, chunk) {
      if (type === String) {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSimpleString).call(this, String, chunk);
      }
      switch (chunk[__classPrivateFieldGet(this, _Decoder_cursor, "f")]) {
        case ASCII["+"]:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_maybeDecodeBigNumberValue).call(this, false, chunk);
        case ASCII["-"]:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_maybeDecodeBigNumberValue).call(this, true, chunk);
        default:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBigNumberValue).call(this, false, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeUnsingedBigNumber).bind(this, 0n), chunk);
      }
    }, _Decoder_maybeDecodeBigNumberValue = function _Decoder_maybeDecodeBigNumberValue2(isNegative, chunk) {
      var _b;
      const cb = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeUnsingedBigNumber).bind(this, 0n);
      return __classPrivateFieldSet(this, _Decoder_cursor, (_b = __classPrivateFieldGet(this, _Decoder_cursor, "f"), ++_b), "f") === chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBigNumberValue).bind(this, isNegative, cb) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBigNumberValue).call(this, isNegative, cb, chunk);
    }, _Decoder_decodeBigNumberValue = function _Decoder_decodeBigNumberValue2(isNegative, bigNumberCb, chunk) {
      const bigNumber = bigNumberCb(chunk);
      return typeof bigNumber === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBigNumberValue2).bind(this, isNegative, bigNumber) : isNegative ? -bigNumber : bigNumber;
    }, _Decoder_decodeUnsingedBigNumber = function _Decoder_decodeUnsingedBigNumber2(bigNumber, chunk) {
      let cursor = __classPrivateFieldGet(this, _Decoder_cursor, "f");
      do {
        const byte = chunk[cursor];
        if (byte === ASCII["\r"]) {
          __classPrivateFieldSet(this, _Decoder_cursor, cursor + 2, "f");
          return bigNumber;
        }
        bigNumber = bigNumber * 10n + BigInt(byte - ASCII["0"]);
      } while (++cursor < chunk.length);
      __classPrivateFieldSet(this, _Decoder_cursor, cursor, "f");
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeUnsingedBigNumber2).bind(this, bigNumber);
    }, _Decoder_decodeDouble = function _Decoder_decodeDouble2(type, chunk) {
      if (type === String || type === Buffer) {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSimpleString).call(this, type, chunk);
      }
      switch (chunk[__classPrivateFieldGet(this, _Decoder_cursor, "f")]) {
        case ASCII.n:
          __classPrivateFieldSet(this, _Decoder_cursor, __classPrivateFieldGet(this, _Decoder_cursor, "f") + 5, "f");
          return NaN;
        case ASCII["+"]:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_maybeDecodeDoubleInteger).call(this, false, chunk);
        case ASCII["-"]:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_maybeDecodeDoubleInteger).call(this, true, chunk);
        default:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDoubleInteger).call(this, false, 0, chunk);
      }
    }, _Decoder_maybeDecodeDoubleInteger = function _Decoder_maybeDecodeDoubleInteger2(isNegative, chunk) {
      var _b;
      return __classPrivateFieldSet(this, _Decoder_cursor, (_b = __classPrivateFieldGet(this, _Decoder_cursor, "f"), ++_b), "f") === chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDoubleInteger).bind(this, isNegative, 0) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDoubleInteger).call(this, isNegative, 0, chunk);
    }, _Decoder_decodeDoubleInteger = function _Decoder_decodeDoubleInteger2(isNegative, integer, chunk) {
      if (chunk[__classPrivateFieldGet(this, _Decoder_cursor, "f")] === ASCII.i) {
        __classPrivateFieldSet(this, _Decoder_cursor, __classPrivateFieldGet(this, _Decoder_cursor, "f") + 5, "f");
        return isNegative ? -Infinity : Infinity;
      }
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeDoubleInteger).call(this, isNegative, integer, chunk);
    }, _Decoder_continueDecodeDoubleInteger = function _Decoder_continueDecodeDoubleInteger2(isNegative, integer, chunk) {
      let cursor = __classPrivateFieldGet(this, _Decoder_cursor, "f");
      do {
        const byte = chunk[cursor];
        switch (byte) {
          case ASCII["."]:
            __classPrivateFieldSet(this, _Decoder_cursor, cursor + 1, "f");
            return __classPrivateFieldGet(this, _Decoder_cursor, "f") < chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDoubleDecimal).call(this, isNegative, 0, integer, chunk) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDoubleDecimal).bind(this, isNegative, 0, integer);
          case ASCII.E:
          case ASCII.e: {
            __classPrivateFieldSet(this, _Decoder_cursor, cursor + 1, "f");
            const i = isNegative ? -integer : integer;
            return __classPrivateFieldGet(this, _Decoder_cursor, "f") < chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDoubleExponent).call(this, i, chunk) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDoubleExponent).bind(this, i);
          }
          case ASCII["\r"]:
            __classPrivateFieldSet(this, _Decoder_cursor, cursor + 2, "f");
            return isNegative ? -integer : integer;
          default:
            integer = integer * 10 + byte - ASCII["0"];
        }
      } while (++cursor < chunk.length);
      __classPrivateFieldSet(this, _Decoder_cursor, cursor, "f");
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeDoubleInteger2).bind(this, isNegative, integer);
    }, _Decoder_decodeDoubleDecimal = function _Decoder_decodeDoubleDecimal2(isNegative, decimalIndex, double, chunk) {
      let cursor = __classPrivateFieldGet(this, _Decoder_cursor, "f");
      do {
        const byte = chunk[cursor];
        switch (byte) {
          case ASCII.E:
          case ASCII.e: {
            __classPrivateFieldSet(this, _Decoder_cursor, cursor + 1, "f");
            const d = isNegative ? -double : double;
            return __classPrivateFieldGet(this, _Decoder_cursor, "f") === chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDoubleExponent).bind(this, d) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDoubleExponent).call(this, d, chunk);
          }
          case ASCII["\r"]:
            __classPrivateFieldSet(this, _Decoder_cursor, cursor + 2, "f");
            return isNegative ? -double : double;
        }
        if (decimalIndex < __classPrivateFieldGet(_a, _a, "f", _Decoder_DOUBLE_DECIMAL_MULTIPLIERS).length) {
          double += (byte - ASCII["0"]) * __classPrivateFieldGet(_a, _a, "f", _Decoder_DOUBLE_DECIMAL_MULTIPLIERS)[decimalIndex++];
        }
      } while (++cursor < chunk.length);
      __classPrivateFieldSet(this, _Decoder_cursor, cursor, "f");
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDoubleDecimal2).bind(this, isNegative, decimalIndex, double);
    }, _Decoder_decodeDoubleExponent = function _Decoder_decodeDoubleExponent2(double, chunk) {
      var _b, _c;
      switch (chunk[__classPrivateFieldGet(this, _Decoder_cursor, "f")]) {
        case ASCII["+"]:
          return __classPrivateFieldSet(this, _Decoder_cursor, (_b = __classPrivateFieldGet(this, _Decoder_cursor, "f"), ++_b), "f") === chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeDoubleExponent).bind(this, false, double, 0) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeDoubleExponent).call(this, false, double, 0, chunk);
        case ASCII["-"]:
          return __classPrivateFieldSet(this, _Decoder_cursor, (_c = __classPrivateFieldGet(this, _Decoder_cursor, "f"), ++_c), "f") === chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeDoubleExponent).bind(this, true, double, 0) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeDoubleExponent).call(this, true, double, 0, chunk);
      }
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeDoubleExponent).call(this, false, double, 0, chunk);
    }, _Decoder_continueDecodeDoubleExponent = function _Decoder_continueDecodeDoubleExponent2(isNegative, double, exponent, chunk) {
      let cursor = __classPrivateFieldGet(this, _Decoder_cursor, "f");
      do {
        const byte = chunk[cursor];
        if (byte === ASCII["\r"]) {
          __classPrivateFieldSet(this, _Decoder_cursor, cursor + 2, "f");
          return double * 10 ** (isNegative ? -exponent : exponent);
        }
        exponent = exponent * 10 + byte - ASCII["0"];
      } while (++cursor < chunk.length);
      __classPrivateFieldSet(this, _Decoder_cursor, cursor, "f");
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeDoubleExponent2).bind(this, isNegative, double, exponent);
    }, _Decoder_findCRLF = function _Decoder_findCRLF2(chunk, cursor) {
      while (chunk[cursor] !== ASCII["\r"]) {
        if (++cursor === chunk.length) {
          __classPrivateFieldSet(this, _Decoder_cursor, chunk.length, "f");
          return -1;
        }
      }
      __classPrivateFieldSet(this, _Decoder_cursor, cursor + 2, "f");
      return cursor;
    }, _Decoder_decodeSimpleString = function _Decoder_decodeSimpleString2(type, chunk) {
      const start = __classPrivateFieldGet(this, _Decoder_cursor, "f"), crlfIndex = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_findCRLF).call(this, chunk, start);
      if (crlfIndex === -1) {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeSimpleString).bind(this, [chunk.subarray(start)], type);
      }
      const slice = chunk.subarray(start, crlfIndex);
      return type === Buffer ? slice : slice.toString();
    }, _Decoder_continueDecodeSimpleString = function _Decoder_continueDecodeSimpleString2(chunks, type, chunk) {
      const start = __classPrivateFieldGet(this, _Decoder_cursor, "f"), crlfIndex = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_findCRLF).call(this, chunk, start);
      if (crlfIndex === -1) {
        chunks.push(chunk.subarray(start));
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeSimpleString2).bind(this, chunks, type);
      }
      chunks.push(chunk.subarray(start, crlfIndex));
      const buffer = Buffer.concat(chunks);
      return type === Buffer ? buffer : buffer.toString();
    }, _Decoder_decodeBlobString = function _Decoder_decodeBlobString2(type, chunk) {
      if (chunk[__classPrivateFieldGet(this, _Decoder_cursor, "f")] === ASCII["-"]) {
        __classPrivateFieldSet(this, _Decoder_cursor, __classPrivateFieldGet(this, _Decoder_cursor, "f") + 4, "f");
        return null;
      }
      const length = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeUnsingedNumber).call(this, 0, chunk);
      if (typeof length === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeBlobStringLength).bind(this, length, type);
      } else if (__classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobStringWithLength).bind(this, length, type);
      }
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobStringWithLength).call(this, length, type, chunk);
    }, _Decoder_continueDecodeBlobStringLength = function _Decoder_continueDecodeBlobStringLength2(lengthCb, type, chunk) {
      const length = lengthCb(chunk);
      if (typeof length === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeBlobStringLength2).bind(this, length, type);
      } else if (__classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobStringWithLength).bind(this, length, type);
      }
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobStringWithLength).call(this, length, type, chunk);
    }, _Decoder_decodeStringWithLength = function _Decoder_decodeStringWithLength2(length, skip, type, chunk) {
      const end = __classPrivateFieldGet(this, _Decoder_cursor, "f") + length;
      if (end >= chunk.length) {
        const slice2 = chunk.subarray(__classPrivateFieldGet(this, _Decoder_cursor, "f"));
        __classPrivateFieldSet(this, _Decoder_cursor, chunk.length, "f");
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeStringWithLength).bind(this, length - slice2.length, [slice2], skip, type);
      }
      const slice = chunk.subarray(__classPrivateFieldGet(this, _Decoder_cursor, "f"), end);
      __classPrivateFieldSet(this, _Decoder_cursor, end + skip, "f");
      return type === Buffer ? slice : slice.toString();
    }, _Decoder_continueDecodeStringWithLength = function _Decoder_continueDecodeStringWithLength2(length, chunks, skip, type, chunk) {
      const end = __classPrivateFieldGet(this, _Decoder_cursor, "f") + length;
      if (end >= chunk.length) {
        const slice = chunk.subarray(__classPrivateFieldGet(this, _Decoder_cursor, "f"));
        chunks.push(slice);
        __classPrivateFieldSet(this, _Decoder_cursor, chunk.length, "f");
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeStringWithLength2).bind(this, length - slice.length, chunks, skip, type);
      }
      chunks.push(chunk.subarray(__classPrivateFieldGet(this, _Decoder_cursor, "f"), end));
      __classPrivateFieldSet(this, _Decoder_cursor, end + skip, "f");
      const buffer = Buffer.concat(chunks);
      return type === Buffer ? buffer : buffer.toString();
    }, _Decoder_decodeBlobStringWithLength = function _Decoder_decodeBlobStringWithLength2(length, type, chunk) {
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeStringWithLength).call(this, length, 2, type, chunk);
    }, _Decoder_decodeVerbatimString = function _Decoder_decodeVerbatimString2(type, chunk) {
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeVerbatimStringLength).call(this, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeUnsingedNumber).bind(this, 0), type, chunk);
    }, _Decoder_continueDecodeVerbatimStringLength = function _Decoder_continueDecodeVerbatimStringLength2(lengthCb, type, chunk) {
      const length = lengthCb(chunk);
      return typeof length === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeVerbatimStringLength2).bind(this, length, type) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeVerbatimStringWithLength).call(this, length, type, chunk);
    }, _Decoder_decodeVerbatimStringWithLength = function _Decoder_decodeVerbatimStringWithLength2(length, type, chunk) {
      const stringLength = length - 4;
      if (type === verbatim_string_1.VerbatimString) {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeVerbatimStringFormat).call(this, stringLength, chunk);
      }
      __classPrivateFieldSet(this, _Decoder_cursor, __classPrivateFieldGet(this, _Decoder_cursor, "f") + 4, "f");
      return __classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobStringWithLength).bind(this, stringLength, type) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobStringWithLength).call(this, stringLength, type, chunk);
    }, _Decoder_decodeVerbatimStringFormat = function _Decoder_decodeVerbatimStringFormat2(stringLength, chunk) {
      const formatCb = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeStringWithLength).bind(this, 3, 1, String);
      return __classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeVerbatimStringFormat).bind(this, stringLength, formatCb) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeVerbatimStringFormat).call(this, stringLength, formatCb, chunk);
    }, _Decoder_continueDecodeVerbatimStringFormat = function _Decoder_continueDecodeVerbatimStringFormat2(stringLength, formatCb, chunk) {
      const format = formatCb(chunk);
      return typeof format === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeVerbatimStringFormat2).bind(this, stringLength, format) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeVerbatimStringWithFormat).call(this, stringLength, format, chunk);
    }, _Decoder_decodeVerbatimStringWithFormat = function _Decoder_decodeVerbatimStringWithFormat2(stringLength, format, chunk) {
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeVerbatimStringWithFormat).call(this, format, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobStringWithLength).bind(this, stringLength, String), chunk);
    }, _Decoder_continueDecodeVerbatimStringWithFormat = function _Decoder_continueDecodeVerbatimStringWithFormat2(format, stringCb, chunk) {
      const string = stringCb(chunk);
      return typeof string === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeVerbatimStringWithFormat2).bind(this, format, string) : new verbatim_string_1.VerbatimString(format, string);
    }, _Decoder_decodeSimpleError = function _Decoder_decodeSimpleError2(chunk) {
      const string = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSimpleString).call(this, String, chunk);
      return typeof string === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeSimpleError).bind(this, string) : new errors_1.SimpleError(string);
    }, _Decoder_continueDecodeSimpleError = function _Decoder_continueDecodeSimpleError2(stringCb, chunk) {
      const string = stringCb(chunk);
      return typeof string === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeSimpleError2).bind(this, string) : new errors_1.SimpleError(string);
    }, _Decoder_decodeBlobError = function _Decoder_decodeBlobError2(chunk) {
      const string = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobString).call(this, String, chunk);
      return typeof string === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeBlobError).bind(this, string) : new errors_1.BlobError(string);
    }, _Decoder_continueDecodeBlobError = function _Decoder_continueDecodeBlobError2(stringCb, chunk) {
      const string = stringCb(chunk);
      return typeof string === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeBlobError2).bind(this, string) : new errors_1.BlobError(string);
    }, _Decoder_decodeNestedType = function _Decoder_decodeNestedType2(typeMapping, chunk) {
      var _b;
      const type = chunk[__classPrivateFieldGet(this, _Decoder_cursor, "f")];
      return __classPrivateFieldSet(this, _Decoder_cursor, (_b = __classPrivateFieldGet(this, _Decoder_cursor, "f"), ++_b), "f") === chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedTypeValue).bind(this, type, typeMapping) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedTypeValue).call(this, type, typeMapping, chunk);
    }, _Decoder_decodeNestedTypeValue = function _Decoder_decodeNestedTypeValue2(type, typeMapping, chunk) {
      switch (type) {
        case exports.RESP_TYPES.NULL:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNull).call(this);
        case exports.RESP_TYPES.BOOLEAN:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBoolean).call(this, typeMapping[exports.RESP_TYPES.BOOLEAN], chunk);
        case exports.RESP_TYPES.NUMBER:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNumber).call(this, typeMapping[exports.RESP_TYPES.NUMBER], chunk);
        case exports.RESP_TYPES.BIG_NUMBER:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBigNumber).call(this, typeMapping[exports.RESP_TYPES.BIG_NUMBER], chunk);
        case exports.RESP_TYPES.DOUBLE:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeDouble).call(this, typeMapping[exports.RESP_TYPES.DOUBLE], chunk);
        case exports.RESP_TYPES.SIMPLE_STRING:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSimpleString).call(this, typeMapping[exports.RESP_TYPES.SIMPLE_STRING], chunk);
        case exports.RESP_TYPES.BLOB_STRING:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobString).call(this, typeMapping[exports.RESP_TYPES.BLOB_STRING], chunk);
        case exports.RESP_TYPES.VERBATIM_STRING:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeVerbatimString).call(this, typeMapping[exports.RESP_TYPES.VERBATIM_STRING], chunk);
        case exports.RESP_TYPES.SIMPLE_ERROR:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSimpleError).call(this, chunk);
        case exports.RESP_TYPES.BLOB_ERROR:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobError).call(this, chunk);
        case exports.RESP_TYPES.ARRAY:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeArray).call(this, typeMapping, chunk);
        case exports.RESP_TYPES.SET:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSet).call(this, typeMapping, chunk);
        case exports.RESP_TYPES.MAP:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMap).call(this, typeMapping, chunk);
        default:
          throw new Error(`Unknown RESP type ${type} "${String.fromCharCode(type)}"`);
      }
    }, _Decoder_decodeArray = function _Decoder_decodeArray2(typeMapping, chunk) {
      if (chunk[__classPrivateFieldGet(this, _Decoder_cursor, "f")] === ASCII["-"]) {
        __classPrivateFieldSet(this, _Decoder_cursor, __classPrivateFieldGet(this, _Decoder_cursor, "f") + 4, "f");
        return null;
      }
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeArrayWithLength).call(this, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeUnsingedNumber).call(this, 0, chunk), typeMapping, chunk);
    }, _Decoder_decodeArrayWithLength = function _Decoder_decodeArrayWithLength2(length, typeMapping, chunk) {
      return typeof length === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeArrayLength).bind(this, length, typeMapping) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeArrayItems).call(this, new Array(length), 0, typeMapping, chunk);
    }, _Decoder_continueDecodeArrayLength = function _Decoder_continueDecodeArrayLength2(lengthCb, typeMapping, chunk) {
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeArrayWithLength).call(this, lengthCb(chunk), typeMapping, chunk);
    }, _Decoder_decodeArrayItems = function _Decoder_decodeArrayItems2(array, filled, typeMapping, chunk) {
      for (let i = filled; i < array.length; i++) {
        if (__classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeArrayItems2).bind(this, array, i, typeMapping);
        }
        const item = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedType).call(this, typeMapping, chunk);
        if (typeof item === "function") {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeArrayItems).bind(this, array, i, item, typeMapping);
        }
        array[i] = item;
      }
      return array;
    }, _Decoder_continueDecodeArrayItems = function _Decoder_continueDecodeArrayItems2(array, filled, itemCb, typeMapping, chunk) {
      const item = itemCb(chunk);
      if (typeof item === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeArrayItems2).bind(this, array, filled, item, typeMapping);
      }
      array[filled++] = item;
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeArrayItems).call(this, array, filled, typeMapping, chunk);
    }, _Decoder_decodeSet = function _Decoder_decodeSet2(typeMapping, chunk) {
      const length = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeUnsingedNumber).call(this, 0, chunk);
      if (typeof length === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeSetLength).bind(this, length, typeMapping);
      }
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSetItems).call(this, length, typeMapping, chunk);
    }, _Decoder_continueDecodeSetLength = function _Decoder_continueDecodeSetLength2(lengthCb, typeMapping, chunk) {
      const length = lengthCb(chunk);
      return typeof length === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeSetLength2).bind(this, length, typeMapping) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSetItems).call(this, length, typeMapping, chunk);
    }, _Decoder_decodeSetItems = function _Decoder_decodeSetItems2(length, typeMapping, chunk) {
      return typeMapping[exports.RESP_TYPES.SET] === Set ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSetAsSet).call(this, /* @__PURE__ */ new Set(), length, typeMapping, chunk) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeArrayItems).call(this, new Array(length), 0, typeMapping, chunk);
    }, _Decoder_decodeSetAsSet = function _Decoder_decodeSetAsSet2(set, remaining, typeMapping, chunk) {
      while (remaining > 0) {
        if (__classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSetAsSet2).bind(this, set, remaining, typeMapping);
        }
        const item = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedType).call(this, typeMapping, chunk);
        if (typeof item === "function") {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeSetAsSet).bind(this, set, remaining, item, typeMapping);
        }
        set.add(item);
        --remaining;
      }
      return set;
    }, _Decoder_continueDecodeSetAsSet = function _Decoder_continueDecodeSetAsSet2(set, remaining, itemCb, typeMapping, chunk) {
      const item = itemCb(chunk);
      if (typeof item === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeSetAsSet2).bind(this, set, remaining, item, typeMapping);
      }
      set.add(item);
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSetAsSet).call(this, set, remaining - 1, typeMapping, chunk);
    }, _Decoder_decodeMap = function _Decoder_decodeMap2(typeMapping, chunk) {
      const length = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeUnsingedNumber).call(this, 0, chunk);
      if (typeof length === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapLength).bind(this, length, typeMapping);
      }
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapItems).call(this, length, typeMapping, chunk);
    }, _Decoder_continueDecodeMapLength = function _Decoder_continueDecodeMapLength2(lengthCb, typeMapping, chunk) {
      const length = lengthCb(chunk);
      return typeof length === "function" ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapLength2).bind(this, length, typeMapping) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapItems).call(this, length, typeMapping, chunk);
    }, _Decoder_decodeMapItems = function _Decoder_decodeMapItems2(length, typeMapping, chunk) {
      switch (typeMapping[exports.RESP_TYPES.MAP]) {
        case Map:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapAsMap).call(this, /* @__PURE__ */ new Map(), length, typeMapping, chunk);
        case Array:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeArrayItems).call(this, new Array(length * 2), 0, typeMapping, chunk);
        default:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapAsObject).call(this, {}, length, typeMapping, chunk);
      }
    }, _Decoder_decodeMapAsMap = function _Decoder_decodeMapAsMap2(map, remaining, typeMapping, chunk) {
      while (remaining > 0) {
        if (__classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapAsMap2).bind(this, map, remaining, typeMapping);
        }
        const key = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapKey).call(this, typeMapping, chunk);
        if (typeof key === "function") {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapKey).bind(this, map, remaining, key, typeMapping);
        }
        if (__classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapValue).bind(this, map, remaining, key, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedType).bind(this, typeMapping), typeMapping);
        }
        const value = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedType).call(this, typeMapping, chunk);
        if (typeof value === "function") {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapValue).bind(this, map, remaining, key, value, typeMapping);
        }
        map.set(key, value);
        --remaining;
      }
      return map;
    }, _Decoder_decodeMapKey = function _Decoder_decodeMapKey2(typeMapping, chunk) {
      var _b;
      const type = chunk[__classPrivateFieldGet(this, _Decoder_cursor, "f")];
      return __classPrivateFieldSet(this, _Decoder_cursor, (_b = __classPrivateFieldGet(this, _Decoder_cursor, "f"), ++_b), "f") === chunk.length ? __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapKeyValue).bind(this, type, typeMapping) : __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapKeyValue).call(this, type, typeMapping, chunk);
    }, _Decoder_decodeMapKeyValue = function _Decoder_decodeMapKeyValue2(type, typeMapping, chunk) {
      switch (type) {
        // decode simple string map key as string (and not as buffer)
        case exports.RESP_TYPES.SIMPLE_STRING:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeSimpleString).call(this, String, chunk);
        // decode blob string map key as string (and not as buffer)
        case exports.RESP_TYPES.BLOB_STRING:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeBlobString).call(this, String, chunk);
        default:
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedTypeValue).call(this, type, typeMapping, chunk);
      }
    }, _Decoder_continueDecodeMapKey = function _Decoder_continueDecodeMapKey2(map, remaining, keyCb, typeMapping, chunk) {
      const key = keyCb(chunk);
      if (typeof key === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapKey2).bind(this, map, remaining, key, typeMapping);
      }
      if (__classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapValue).bind(this, map, remaining, key, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedType).bind(this, typeMapping), typeMapping);
      }
      const value = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedType).call(this, typeMapping, chunk);
      if (typeof value === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapValue).bind(this, map, remaining, key, value, typeMapping);
      }
      map.set(key, value);
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapAsMap).call(this, map, remaining - 1, typeMapping, chunk);
    }, _Decoder_continueDecodeMapValue = function _Decoder_continueDecodeMapValue2(map, remaining, key, valueCb, typeMapping, chunk) {
      const value = valueCb(chunk);
      if (typeof value === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapValue2).bind(this, map, remaining, key, value, typeMapping);
      }
      map.set(key, value);
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapAsMap).call(this, map, remaining - 1, typeMapping, chunk);
    }, _Decoder_decodeMapAsObject = function _Decoder_decodeMapAsObject2(object, remaining, typeMapping, chunk) {
      while (remaining > 0) {
        if (__classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapAsObject2).bind(this, object, remaining, typeMapping);
        }
        const key = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapKey).call(this, typeMapping, chunk);
        if (typeof key === "function") {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapAsObjectKey).bind(this, object, remaining, key, typeMapping);
        }
        if (__classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapAsObjectValue).bind(this, object, remaining, key, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedType).bind(this, typeMapping), typeMapping);
        }
        const value = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedType).call(this, typeMapping, chunk);
        if (typeof value === "function") {
          return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapAsObjectValue).bind(this, object, remaining, key, value, typeMapping);
        }
        if (key === "__proto__" || key === "constructor") {
          Object.defineProperty(object, key, {
            value,
            configurable: true,
            enumerable: true,
            writable: true
          });
        } else {
          object[key] = value;
        }
        --remaining;
      }
      return object;
    }, _Decoder_continueDecodeMapAsObjectKey = function _Decoder_continueDecodeMapAsObjectKey2(object, remaining, keyCb, typeMapping, chunk) {
      const key = keyCb(chunk);
      if (typeof key === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapAsObjectKey2).bind(this, object, remaining, key, typeMapping);
      }
      if (__classPrivateFieldGet(this, _Decoder_cursor, "f") >= chunk.length) {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapAsObjectValue).bind(this, object, remaining, key, __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedType).bind(this, typeMapping), typeMapping);
      }
      const value = __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeNestedType).call(this, typeMapping, chunk);
      if (typeof value === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapAsObjectValue).bind(this, object, remaining, key, value, typeMapping);
      }
      if (key === "__proto__" || key === "constructor") {
        Object.defineProperty(object, key, {
          value,
          configurable: true,
          enumerable: true,
          writable: true
        });
      } else {
        object[key] = value;
      }
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapAsObject).call(this, object, remaining - 1, typeMapping, chunk);
    }, _Decoder_continueDecodeMapAsObjectValue = function _Decoder_continueDecodeMapAsObjectValue2(object, remaining, key, valueCb, typeMapping, chunk) {
      const value = valueCb(chunk);
      if (typeof value === "function") {
        return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_continueDecodeMapAsObjectValue2).bind(this, object, remaining, key, value, typeMapping);
      }
      if (key === "__proto__" || key === "constructor") {
        Object.defineProperty(object, key, {
          value,
          configurable: true,
          enumerable: true,
          writable: true
        });
      } else {
        object[key] = value;
      }
      return __classPrivateFieldGet(this, _Decoder_instances, "m", _Decoder_decodeMapAsObject).call(this, object, remaining - 1, typeMapping, chunk);
    };
    _Decoder_DOUBLE_DECIMAL_MULTIPLIERS = { value: [
      0.1,
      0.01,
      1e-3,
      1e-4,
      1e-5,
      1e-6,
      1e-7,
      1e-8,
      1e-9,
      1e-10,
      1e-11,
      1e-12,
      1e-13,
      1e-14,
      1e-15,
      1e-16,
      1e-17
    ] };
  }
});

// node_modules/ioredis/built/DataHandler.js
var require_DataHandler = __commonJS({
  "node_modules/ioredis/built/DataHandler.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    var Command_1 = require_Command();
    var utils_1 = require_utils2();
    var SubscriptionSet_1 = require_SubscriptionSet();
    var decoder_1 = require_decoder();
    var debug = (0, utils_1.Debug)("dataHandler");
    var DataHandler = class {
      constructor(redis, parserOptions) {
        this.redis = redis;
        const typeMapping = getParserTypeMapping(parserOptions);
        const decoder = new decoder_1.Decoder({
          getTypeMapping: () => typeMapping,
          onReply: (reply) => {
            this.dispatch(() => this.returnReply(reply));
          },
          onErrorReply: (err) => {
            this.dispatch(() => this.returnError(err));
          },
          onPush: (reply) => {
            this.dispatch(() => this.returnPush(reply));
          }
        });
        redis.stream.prependListener("data", (data) => {
          try {
            decoder.write(data);
          } catch (err) {
            this.returnFatalError(err);
          }
        });
        redis.stream.resume();
      }
      // Rethrows user listener/transformer exceptions asynchronously so they
      // surface as uncaught exceptions (as with redis-parser in v5) instead of
      // unwinding the decoder mid-parse and tearing down the connection as a
      // fatal protocol error.
      dispatch(fn) {
        try {
          fn();
        } catch (err) {
          process.nextTick(() => {
            throw err;
          });
        }
      }
      returnFatalError(err) {
        err.message += ". Please report this.";
        this.redis.recoverFromFatalError(err, err, { offlineQueue: false });
      }
      returnError(err) {
        const item = this.shiftCommand(err);
        if (!item) {
          return;
        }
        err.command = {
          name: item.command.name,
          args: item.command.args
        };
        const isMovedSsubscribe = item.command.name === "ssubscribe" && err.message.startsWith("MOVED ");
        if (isMovedSsubscribe) {
          this.redis.emit("moved");
        }
        this.redis.handleReconnection(err, item);
      }
      returnReply(reply) {
        if (this.handleMonitorReply(reply)) {
          return;
        }
        if (this.redis.condition.protocol !== 3 && this.handleSubscriberReply(reply)) {
          return;
        }
        const item = this.shiftCommand(reply);
        if (!item) {
          return;
        }
        if (Command_1.default.checkFlag("ENTER_SUBSCRIBER_MODE", item.command.name)) {
          this.redis.condition.subscriber = new SubscriptionSet_1.default();
          this.redis.condition.subscriber.add(item.command.name, reply[1].toString());
          if (!fillSubCommand(item.command, reply[2])) {
            this.redis.commandQueue.unshift(item);
          }
        } else if (Command_1.default.checkFlag("EXIT_SUBSCRIBER_MODE", item.command.name)) {
          if (!fillUnsubCommand(item.command, reply[2])) {
            this.redis.commandQueue.unshift(item);
          }
        } else {
          item.command.resolve(reply);
        }
      }
      returnPush(reply) {
        if (!Array.isArray(reply) || reply.length === 0) {
          return;
        }
        const replyType = reply[0].toString();
        debug('receive push "%s"', replyType);
        switch (replyType) {
          case "message":
          case "pmessage":
          case "smessage":
            this.handleSubscriberReply(reply);
            break;
          case "ssubscribe":
          case "subscribe":
          case "psubscribe": {
            if (!this.redis.condition.subscriber) {
              this.redis.condition.subscriber = new SubscriptionSet_1.default();
            }
            const channel = reply[1].toString();
            this.redis.condition.subscriber.add(replyType, channel);
            const item = this.shiftCommand(reply);
            if (!item) {
              return;
            }
            if (!fillSubCommand(item.command, reply[2])) {
              this.redis.commandQueue.unshift(item);
            }
            break;
          }
          case "sunsubscribe":
          case "unsubscribe":
          case "punsubscribe": {
            if (this.redis.condition.subscriber) {
              const channel = reply[1] ? reply[1].toString() : null;
              if (channel) {
                this.redis.condition.subscriber.del(replyType, channel);
              }
            }
            const count2 = reply[2];
            if (Number(count2) === 0) {
              this.redis.condition.subscriber = false;
            }
            if (this.handleUnsolicitedUnsubscribe(replyType)) {
              return;
            }
            const item = this.shiftCommand(reply);
            if (!item) {
              return;
            }
            if (!fillUnsubCommand(item.command, count2)) {
              this.redis.commandQueue.unshift(item);
            }
            break;
          }
        }
      }
      // Cluster sends unsolicited `sunsubscribe` pushes on slot migration; those
      // answer no queued command, so shifting the queue head would resolve an
      // unrelated in-flight command. Detected via a non-matching queue head, and
      // `sunsubscribe` reuses the ssubscribe-MOVED recovery path.
      handleUnsolicitedUnsubscribe(replyType) {
        const head = this.redis.commandQueue.peekFront();
        if (head && head.command.name.toLowerCase() === replyType) {
          return false;
        }
        if (replyType === "sunsubscribe") {
          this.redis.emit("moved");
        }
        return true;
      }
      handleSubscriberReply(reply) {
        if (!this.redis.condition.subscriber) {
          return false;
        }
        const replyType = Array.isArray(reply) ? reply[0].toString() : null;
        debug('receive reply "%s" in subscriber mode', replyType);
        switch (replyType) {
          case "message":
            if (this.redis.listeners("message").length > 0) {
              this.redis.emit("message", reply[1].toString(), reply[2] ? reply[2].toString() : "");
            }
            this.redis.emit("messageBuffer", reply[1], reply[2]);
            break;
          case "pmessage": {
            const pattern = reply[1].toString();
            if (this.redis.listeners("pmessage").length > 0) {
              this.redis.emit("pmessage", pattern, reply[2].toString(), reply[3].toString());
            }
            this.redis.emit("pmessageBuffer", pattern, reply[2], reply[3]);
            break;
          }
          case "smessage": {
            if (this.redis.listeners("smessage").length > 0) {
              this.redis.emit("smessage", reply[1].toString(), reply[2] ? reply[2].toString() : "");
            }
            this.redis.emit("smessageBuffer", reply[1], reply[2]);
            break;
          }
          case "ssubscribe":
          case "subscribe":
          case "psubscribe": {
            const channel = reply[1].toString();
            this.redis.condition.subscriber.add(replyType, channel);
            const item = this.shiftCommand(reply);
            if (!item) {
              return;
            }
            if (!fillSubCommand(item.command, reply[2])) {
              this.redis.commandQueue.unshift(item);
            }
            break;
          }
          case "sunsubscribe":
          case "unsubscribe":
          case "punsubscribe": {
            const channel = reply[1] ? reply[1].toString() : null;
            if (channel) {
              this.redis.condition.subscriber.del(replyType, channel);
            }
            const count2 = reply[2];
            if (Number(count2) === 0) {
              this.redis.condition.subscriber = false;
            }
            if (this.handleUnsolicitedUnsubscribe(replyType)) {
              break;
            }
            const item = this.shiftCommand(reply);
            if (!item) {
              return;
            }
            if (!fillUnsubCommand(item.command, count2)) {
              this.redis.commandQueue.unshift(item);
            }
            break;
          }
          default: {
            const item = this.shiftCommand(reply);
            if (!item) {
              return;
            }
            item.command.resolve(reply);
          }
        }
        return true;
      }
      handleMonitorReply(reply) {
        if (this.redis.status !== "monitoring") {
          return false;
        }
        const replyStr = reply.toString();
        if (replyStr === "OK") {
          return false;
        }
        const len = replyStr.indexOf(" ");
        const timestamp = replyStr.slice(0, len);
        const argIndex = replyStr.indexOf('"');
        const args = replyStr.slice(argIndex + 1, -1).split('" "').map((elem) => elem.replace(/\\"/g, '"'));
        const dbAndSource = replyStr.slice(len + 2, argIndex - 2).split(" ");
        this.redis.emit("monitor", timestamp, args, dbAndSource[1], dbAndSource[0]);
        return true;
      }
      shiftCommand(reply) {
        const item = this.redis.commandQueue.shift();
        if (!item) {
          const message = "Command queue state error. If you can reproduce this, please report it.";
          const error2 = new Error(message + (reply instanceof Error ? ` Last error: ${reply.message}` : ` Last reply: ${reply.toString()}`));
          this.redis.emit("error", error2);
          return null;
        }
        return item;
      }
    };
    exports.default = DataHandler;
    var legacyTypeMapping = {
      [decoder_1.RESP_TYPES.SIMPLE_STRING]: Buffer,
      [decoder_1.RESP_TYPES.BLOB_STRING]: Buffer,
      [decoder_1.RESP_TYPES.VERBATIM_STRING]: Buffer,
      [decoder_1.RESP_TYPES.BIG_NUMBER]: String,
      // RESP2 represented doubles as bulk strings and booleans as `1`/`0`
      // integers. Decode doubles to Buffer (like blob strings, so `replyEncoding`
      // still chooses string-vs-buffer per command) and booleans to numbers, so
      // RESP3 replies match the classic RESP2 shape.
      [decoder_1.RESP_TYPES.DOUBLE]: Buffer,
      [decoder_1.RESP_TYPES.BOOLEAN]: Number,
      [decoder_1.RESP_TYPES.MAP]: Array,
      [decoder_1.RESP_TYPES.SET]: Array
    };
    var resp3TypeMapping = {
      [decoder_1.RESP_TYPES.SIMPLE_STRING]: Buffer,
      [decoder_1.RESP_TYPES.BLOB_STRING]: Buffer,
      [decoder_1.RESP_TYPES.VERBATIM_STRING]: Buffer,
      [decoder_1.RESP_TYPES.BIG_NUMBER]: String,
      [decoder_1.RESP_TYPES.SET]: Array
    };
    function getParserTypeMapping(parserOptions) {
      const base = parserOptions.replyMapping === "resp3" ? resp3TypeMapping : legacyTypeMapping;
      return parserOptions.stringNumbers ? { ...base, [decoder_1.RESP_TYPES.NUMBER]: String, [decoder_1.RESP_TYPES.DOUBLE]: String } : base;
    }
    var remainingRepliesMap = /* @__PURE__ */ new WeakMap();
    function fillSubCommand(command, count2) {
      let remainingReplies = remainingRepliesMap.has(command) ? remainingRepliesMap.get(command) : command.args.length;
      remainingReplies -= 1;
      if (remainingReplies <= 0) {
        command.resolve(count2);
        remainingRepliesMap.delete(command);
        return true;
      }
      remainingRepliesMap.set(command, remainingReplies);
      return false;
    }
    function fillUnsubCommand(command, count2) {
      let remainingReplies = remainingRepliesMap.has(command) ? remainingRepliesMap.get(command) : command.args.length;
      if (remainingReplies === 0) {
        if (Number(count2) === 0) {
          remainingRepliesMap.delete(command);
          command.resolve(count2);
          return true;
        }
        return false;
      }
      remainingReplies -= 1;
      if (remainingReplies <= 0) {
        command.resolve(count2);
        return true;
      }
      remainingRepliesMap.set(command, remainingReplies);
      return false;
    }
  }
});

// node_modules/ioredis/built/redis/event_handler.js
var require_event_handler = __commonJS({
  "node_modules/ioredis/built/redis/event_handler.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.readyHandler = exports.errorHandler = exports.closeHandler = exports.connectHandler = void 0;
    var redis_errors_1 = require_redis_errors();
    var Command_1 = require_Command();
    var errors_1 = require_errors();
    var utils_1 = require_utils2();
    var version_1 = require_version();
    var DataHandler_1 = require_DataHandler();
    var HimportCoordinator_1 = require_HimportCoordinator();
    var debug = (0, utils_1.Debug)("connection");
    function getHandshakeCommands(self) {
      const commands = [];
      if (self.condition.protocol === 3) {
        const helloCommandArgs = [self.condition.protocol];
        if (self.condition.auth) {
          helloCommandArgs.push("AUTH");
          if (Array.isArray(self.condition.auth)) {
            helloCommandArgs.push(self.condition.auth[0], self.condition.auth[1]);
          } else {
            helloCommandArgs.push("default", self.condition.auth);
          }
        }
        commands.push({
          kind: "hello",
          send: () => self.hello(helloCommandArgs),
          errorHandler: handleAuthError
        });
      } else if (self.condition.auth) {
        commands.push({
          kind: "auth",
          send: () => self.auth(self.condition.auth),
          errorHandler: handleAuthError
        });
      }
      if (self.condition.select) {
        commands.push({
          kind: "select",
          send: () => self.select(self.condition.select),
          errorHandler: (err) => self.silentEmit("error", err)
        });
      }
      if (self.options.connectionName) {
        debug("set the connection name [%s]", self.options.connectionName);
        commands.push({
          kind: "client",
          send: () => self.client("setname", self.options.connectionName),
          errorHandler: utils_1.noop
        });
      }
      if (self.options.readOnly) {
        debug("set the connection to readonly mode");
        commands.push({
          kind: "readonly",
          send: () => self.readonly(),
          errorHandler: utils_1.noop
        });
      }
      if (!self.options.disableClientInfo) {
        debug("set the client info");
        commands.push({
          kind: "client",
          send: () => self.client("SETINFO", "LIB-VER", version_1.PACKAGE_VERSION),
          errorHandler: utils_1.noop
        });
        commands.push({
          kind: "client",
          send: () => self.client("SETINFO", "LIB-NAME", self.options?.clientInfoTag ? `ioredis(${self.options.clientInfoTag})` : "ioredis"),
          errorHandler: utils_1.noop
        });
      }
      const himportBinding = (0, HimportCoordinator_1.getHimportBinding)(self);
      if (himportBinding && himportBinding.role !== "replica") {
        for (const definition of himportBinding.coordinator.getDefinitions()) {
          commands.push({
            kind: "himport",
            send: () => himportBinding.coordinator.ensurePrepared(self, definition) ?? Promise.resolve(),
            errorHandler: (err) => self.silentEmit("error", err)
          });
        }
      }
      return commands;
    }
    async function sendHandshake(commands, protocol) {
      if (protocol !== 3) {
        await Promise.all(commands.map(({ send, errorHandler: errorHandler2 }) => errorHandler2 ? send().catch(errorHandler2) : send()));
        return;
      }
      const results = await Promise.allSettled(commands.map(({ send }) => send()));
      const helloIndex = commands.findIndex(({ kind }) => kind === "hello");
      const helloResult = helloIndex === -1 ? void 0 : results[helloIndex];
      if (helloResult?.status === "rejected" && isProtocolNegotiationError(helloResult.reason)) {
        throw helloResult.reason;
      }
      for (let i = 0; i < results.length; i++) {
        const result = results[i];
        if (result.status === "rejected") {
          const { errorHandler: errorHandler2 } = commands[i];
          if (errorHandler2) {
            errorHandler2(result.reason);
            continue;
          }
          throw result.reason;
        }
      }
    }
    function connectHandler(self) {
      return async function() {
        try {
          self.resetCommandQueue();
          self.condition.handshake = true;
          self.setStatus("connect");
          new DataHandler_1.default(self, {
            stringNumbers: self.options.stringNumbers,
            replyMapping: self.condition.replyMapping
          });
          const { connectionEpoch } = self;
          const himportBinding = (0, HimportCoordinator_1.getHimportBinding)(self);
          himportBinding?.coordinator.beginSession(self);
          const isActiveConnect = () => connectionEpoch === self.connectionEpoch && self.status === "connect";
          const finishHandshake = () => {
            if (!isActiveConnect()) {
              return false;
            }
            self.condition.handshake = false;
            return true;
          };
          try {
            await sendHandshake(getHandshakeCommands(self), self.condition.protocol);
          } catch (err) {
            if (!isActiveConnect()) {
              return;
            }
            if (!isProtocolNegotiationError(err)) {
              return self.recoverFromFatalError(err, err);
            }
            if (self.options.replyMapping === "resp3") {
              console.warn('[WARN] replyMapping "resp3" was requested, but the server does not support RESP3. Replies will use RESP2-compatible shapes until connected to a server that supports RESP3.');
            }
            debug("server rejected RESP3, downgrading connection to RESP2");
            self.condition.protocol = 2;
            self.condition.replyMapping = "legacy";
            try {
              await sendHandshake(getHandshakeCommands(self), self.condition.protocol);
            } catch (downgradeErr) {
              if (!isActiveConnect()) {
                return;
              }
              return self.recoverFromFatalError(downgradeErr, downgradeErr);
            }
          }
          if (!isActiveConnect()) {
            return;
          }
          if (!self.options.enableReadyCheck) {
            if (!finishHandshake()) {
              return;
            }
            return exports.readyHandler(self)();
          }
          self._readyCheck(function(err, info2) {
            if (!isActiveConnect()) {
              return;
            }
            if (err) {
              self.recoverFromFatalError(err, err);
            } else if (self.connector.check(info2)) {
              if (!finishHandshake()) {
                return;
              }
              exports.readyHandler(self)();
            } else {
              self.disconnect(true);
            }
          });
        } catch (err) {
          self.recoverFromFatalError(err, err);
        }
      };
    }
    exports.connectHandler = connectHandler;
    function handleAuthError(err) {
      const msg = err.message || "";
      if (msg.indexOf("no password is set") !== -1) {
        console.warn("[WARN] Redis server does not require a password, but a password was supplied.");
        return;
      }
      if (msg.indexOf("without any password configured for the default user") !== -1) {
        console.warn("[WARN] This Redis server's `default` user does not require a password, but a password was supplied");
        return;
      }
      if (msg.indexOf("wrong number of arguments for 'auth' command") !== -1) {
        console.warn(`[ERROR] The server returned "wrong number of arguments for 'auth' command". You are probably passing both username and password to Redis version 5 or below. You should only pass the 'password' option for Redis version 5 and under.`);
        return;
      }
      throw err;
    }
    function isProtocolNegotiationError(err) {
      const msg = (err.message || "").toUpperCase();
      return msg.includes("NOPROTO") || msg.includes("UNKNOWN COMMAND") && msg.includes("HELLO");
    }
    function abortError(command) {
      const err = new redis_errors_1.AbortError("Command aborted due to connection close");
      err.command = {
        name: command.name,
        args: command.args
      };
      return err;
    }
    function abortIncompletePipelines(commandQueue) {
      let expectedIndex = 0;
      for (let i = 0; i < commandQueue.length; ) {
        const command = commandQueue.peekAt(i)?.command;
        const pipelineIndex = command.pipelineIndex;
        if (pipelineIndex === void 0 || pipelineIndex === 0) {
          expectedIndex = 0;
        }
        if (pipelineIndex !== void 0 && pipelineIndex !== expectedIndex++) {
          commandQueue.remove(i, 1);
          command.reject(abortError(command));
          continue;
        }
        i++;
      }
    }
    function abortTransactionFragments(commandQueue) {
      for (let i = 0; i < commandQueue.length; ) {
        const command = commandQueue.peekAt(i)?.command;
        if (command.name === "multi") {
          break;
        }
        if (command.name === "exec") {
          commandQueue.remove(i, 1);
          command.reject(abortError(command));
          break;
        }
        if (command.inTransaction) {
          commandQueue.remove(i, 1);
          command.reject(abortError(command));
        } else {
          i++;
        }
      }
    }
    function closeHandler(self) {
      return function() {
        const prevStatus = self.status;
        self.setStatus("close");
        if (self.socketTimeoutTimer !== void 0) {
          clearTimeout(self.socketTimeoutTimer);
          self.socketTimeoutTimer = void 0;
        }
        if (self.commandQueue.length) {
          abortIncompletePipelines(self.commandQueue);
        }
        if (self.offlineQueue.length) {
          abortTransactionFragments(self.offlineQueue);
        }
        if (prevStatus === "ready") {
          if (!self.prevCondition) {
            self.prevCondition = self.condition;
          }
          if (self.commandQueue.length) {
            self.prevCommandQueue = self.commandQueue;
          }
        }
        if (self.manuallyClosing) {
          self.manuallyClosing = false;
          debug("skip reconnecting since the connection is manually closed.");
          return close();
        }
        if (typeof self.options.retryStrategy !== "function") {
          debug("skip reconnecting because `retryStrategy` is not a function");
          return close();
        }
        const retryDelay = self.options.retryStrategy(++self.retryAttempts);
        if (typeof retryDelay !== "number") {
          debug("skip reconnecting because `retryStrategy` doesn't return a number");
          return close();
        }
        debug("reconnect in %sms", retryDelay);
        self.setStatus("reconnecting", retryDelay);
        self.reconnectTimeout = setTimeout(function() {
          self.reconnectTimeout = null;
          self.connect().catch(utils_1.noop);
        }, retryDelay);
        const { maxRetriesPerRequest } = self.options;
        if (typeof maxRetriesPerRequest === "number") {
          if (maxRetriesPerRequest < 0) {
            debug("maxRetriesPerRequest is negative, ignoring...");
          } else {
            const remainder = self.retryAttempts % (maxRetriesPerRequest + 1);
            if (remainder === 0) {
              debug("reach maxRetriesPerRequest limitation, flushing command queue...");
              self.flushQueue(new errors_1.MaxRetriesPerRequestError(maxRetriesPerRequest));
            }
          }
        }
      };
      function close() {
        self.setStatus("end");
        self.flushQueue(new Error(utils_1.CONNECTION_CLOSED_ERROR_MSG));
      }
    }
    exports.closeHandler = closeHandler;
    function errorHandler(self) {
      return function(error2) {
        debug("error: %s", error2);
        self.silentEmit("error", error2);
      };
    }
    exports.errorHandler = errorHandler;
    function readyHandler(self) {
      return function() {
        self.setStatus("ready");
        self.retryAttempts = 0;
        if (self.options.monitor) {
          self.call("monitor").then(() => self.setStatus("monitoring"), (error2) => self.emit("error", error2));
          const { sendCommand } = self;
          self.sendCommand = function(command) {
            if (Command_1.default.checkFlag("VALID_IN_MONITOR_MODE", command.name)) {
              return sendCommand.call(self, command);
            }
            command.reject(new Error("Connection is in monitoring mode, can't process commands."));
            return command.promise;
          };
          self.once("close", function() {
            delete self.sendCommand;
          });
          return;
        }
        const finalSelect = self.prevCondition ? self.prevCondition.select : self.condition.select;
        if (self.prevCondition) {
          const condition = self.prevCondition;
          self.prevCondition = null;
          if (condition.subscriber && self.options.autoResubscribe) {
            if (self.condition.select !== finalSelect) {
              debug("connect to db [%d]", finalSelect);
              self.select(finalSelect);
            }
            const subscribeChannels = condition.subscriber.channels("subscribe");
            if (subscribeChannels.length) {
              debug("subscribe %d channels", subscribeChannels.length);
              self.subscribe(subscribeChannels);
            }
            const psubscribeChannels = condition.subscriber.channels("psubscribe");
            if (psubscribeChannels.length) {
              debug("psubscribe %d channels", psubscribeChannels.length);
              self.psubscribe(psubscribeChannels);
            }
            const ssubscribeChannels = condition.subscriber.channels("ssubscribe");
            if (ssubscribeChannels.length) {
              debug("ssubscribe %s", ssubscribeChannels.length);
              for (const channel of ssubscribeChannels) {
                self.ssubscribe(channel);
              }
            }
          }
        }
        if (self.prevCommandQueue) {
          if (self.options.autoResendUnfulfilledCommands) {
            debug("resend %d unfulfilled commands", self.prevCommandQueue.length);
            while (self.prevCommandQueue.length > 0) {
              const item = self.prevCommandQueue.shift();
              if (item.select !== self.condition.select && item.command.name !== "select") {
                self.select(item.select);
              }
              self.sendCommand(item.command, item.stream);
            }
          } else {
            self.prevCommandQueue = null;
          }
        }
        if (self.offlineQueue.length) {
          debug("send %d commands in offline queue", self.offlineQueue.length);
          const offlineQueue = self.offlineQueue;
          self.resetOfflineQueue();
          while (offlineQueue.length > 0) {
            const item = offlineQueue.shift();
            if (item.select !== self.condition.select && item.command.name !== "select") {
              self.select(item.select);
            }
            self.sendCommand(item.command, item.stream);
          }
        }
        if (self.condition.select !== finalSelect) {
          debug("connect to db [%d]", finalSelect);
          self.select(finalSelect);
        }
      };
    }
    exports.readyHandler = readyHandler;
  }
});

// node_modules/ioredis/built/redis/RedisOptions.js
var require_RedisOptions = __commonJS({
  "node_modules/ioredis/built/redis/RedisOptions.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.DEFAULT_REDIS_OPTIONS = void 0;
    exports.DEFAULT_REDIS_OPTIONS = {
      // Connection
      port: 6379,
      host: "localhost",
      family: 0,
      connectTimeout: 1e4,
      disconnectTimeout: 2e3,
      retryStrategy: function(times) {
        const jitter = Math.floor(Math.random() * 200);
        const delay2 = Math.min(Math.pow(2, times - 1) * 50, 5e3);
        return delay2 + jitter;
      },
      keepAlive: 3e4,
      noDelay: true,
      connectionName: null,
      disableClientInfo: false,
      clientInfoTag: void 0,
      // Sentinel
      sentinels: null,
      name: null,
      role: "master",
      sentinelRetryStrategy: function(times) {
        return Math.min(times * 10, 1e3);
      },
      sentinelReconnectStrategy: function() {
        return 6e4;
      },
      natMap: null,
      enableTLSForSentinelMode: false,
      updateSentinels: true,
      failoverDetector: false,
      // Status
      username: null,
      password: null,
      db: 0,
      // Others
      enableOfflineQueue: true,
      enableReadyCheck: true,
      autoResubscribe: true,
      autoResendUnfulfilledCommands: true,
      lazyConnect: false,
      keyPrefix: "",
      reconnectOnError: null,
      readOnly: false,
      stringNumbers: false,
      protocol: 3,
      replyMapping: "legacy",
      maxRetriesPerRequest: 20,
      maxLoadingRetryTime: 1e4,
      enableAutoPipelining: false,
      autoPipeliningIgnoredCommands: [],
      sentinelMaxConnections: 10,
      blockingTimeoutGrace: 100
    };
  }
});

// node_modules/ioredis/built/Redis.js
var require_Redis = __commonJS({
  "node_modules/ioredis/built/Redis.js"(exports) {
    "use strict";
    var _a;
    Object.defineProperty(exports, "__esModule", { value: true });
    var commands_1 = require_built();
    var events_1 = __require("events");
    var standard_as_callback_1 = require_built2();
    var cluster_1 = require_cluster();
    var Command_1 = require_Command();
    var connectors_1 = require_connectors();
    var SentinelConnector_1 = require_SentinelConnector();
    var eventHandler = require_event_handler();
    var RedisOptions_1 = require_RedisOptions();
    var ScanStream_1 = require_ScanStream();
    var transaction_1 = require_transaction();
    var utils_1 = require_utils2();
    var tracing_1 = require_tracing();
    var applyMixin_1 = require_applyMixin();
    var Commander_1 = require_Commander();
    var lodash_1 = require_lodash();
    var HimportCoordinator_1 = require_HimportCoordinator();
    var HimportCoordinator_2 = require_HimportCoordinator();
    var Deque = require_denque();
    var debug = (0, utils_1.Debug)("redis");
    var Redis3 = class _Redis extends Commander_1.default {
      /**
       * Create a Redis instance.
       * This is the same as `new Redis()` but is included for compatibility with node-redis.
       */
      static createClient(...args) {
        return new _Redis(...args);
      }
      constructor(arg1, arg2, arg3) {
        super();
        this.status = "wait";
        this.isCluster = false;
        this.reconnectTimeout = null;
        this.connectionEpoch = 0;
        this.retryAttempts = 0;
        this.manuallyClosing = false;
        this[_a] = false;
        this._autoPipelines = /* @__PURE__ */ new Map();
        this._runningAutoPipelines = /* @__PURE__ */ new Set();
        this.parseOptions(arg1, arg2, arg3);
        events_1.EventEmitter.call(this);
        this.options.himportFieldsets = (0, HimportCoordinator_2.cloneHimportFieldsets)(this.options.himportFieldsets);
        if (this.options.himportFieldsets?.length) {
          (0, HimportCoordinator_1.bindHimportCoordinator)(this, new HimportCoordinator_1.default(this.options.himportFieldsets), "standalone");
        }
        this.resetCommandQueue();
        this.resetOfflineQueue();
        if (this.options.Connector) {
          this.connector = new this.options.Connector(this.options);
        } else if (this.options.sentinels) {
          const sentinelConnector = new SentinelConnector_1.default(this.options);
          sentinelConnector.emitter = this;
          this.connector = sentinelConnector;
        } else {
          this.connector = new connectors_1.StandaloneConnector(this.options);
        }
        if (this.options.scripts) {
          Object.entries(this.options.scripts).forEach(([name3, definition]) => {
            this.defineCommand(name3, definition);
          });
        }
        if (this.options.lazyConnect) {
          this.setStatus("wait");
        } else {
          this.connect().catch(lodash_1.noop);
        }
      }
      get autoPipelineQueueSize() {
        let queued = 0;
        for (const pipeline of this._autoPipelines.values()) {
          queued += pipeline.length;
        }
        return queued;
      }
      /**
       * Create a connection to Redis.
       * This method will be invoked automatically when creating a new Redis instance
       * unless `lazyConnect: true` is passed.
       *
       * When calling this method manually, a Promise is returned, which will
       * be resolved when the connection status is ready. The promise can reject
       * if the connection fails, times out, or if Redis is already connecting/connected.
       */
      connect(callback) {
        const promise = (0, tracing_1.traceConnect)(() => this._connect(), () => {
          const { address, port } = this._getServerAddress();
          return {
            serverAddress: address,
            serverPort: port,
            connectionEpoch: this.connectionEpoch
          };
        });
        return (0, standard_as_callback_1.default)(promise, callback);
      }
      _connect() {
        return new Promise((resolve2, reject) => {
          if (this.status === "connecting" || this.status === "connect" || this.status === "ready") {
            reject(new Error("Redis is already connecting/connected"));
            return;
          }
          this.connectionEpoch += 1;
          this.setStatus("connecting");
          const { options } = this;
          this.condition = {
            select: options.db,
            auth: options.username ? [options.username, options.password] : options.password,
            subscriber: false,
            protocol: options.protocol,
            replyMapping: options.protocol === 3 && options.replyMapping === "resp3" ? "resp3" : "legacy",
            handshake: false
          };
          const _this = this;
          (0, standard_as_callback_1.default)(this.connector.connect(function(type, err) {
            _this.silentEmit(type, err);
          }), function(err, stream) {
            if (err) {
              _this.flushQueue(err);
              _this.silentEmit("error", err);
              reject(err);
              _this.setStatus("end");
              return;
            }
            let CONNECT_EVENT = options.tls ? "secureConnect" : "connect";
            if ("sentinels" in options && options.sentinels && !options.enableTLSForSentinelMode) {
              CONNECT_EVENT = "connect";
            }
            _this.stream = stream;
            if (options.noDelay) {
              stream.setNoDelay(true);
            }
            if (typeof options.keepAlive === "number") {
              if (stream.connecting) {
                stream.once(CONNECT_EVENT, () => {
                  stream.setKeepAlive(true, options.keepAlive);
                });
              } else {
                stream.setKeepAlive(true, options.keepAlive);
              }
            }
            if (stream.connecting) {
              stream.once(CONNECT_EVENT, eventHandler.connectHandler(_this));
              if (options.connectTimeout) {
                let connectTimeoutCleared = false;
                stream.setTimeout(options.connectTimeout, function() {
                  if (connectTimeoutCleared) {
                    return;
                  }
                  stream.setTimeout(0);
                  stream.destroy();
                  const err2 = new Error("connect ETIMEDOUT");
                  err2.errorno = "ETIMEDOUT";
                  err2.code = "ETIMEDOUT";
                  err2.syscall = "connect";
                  eventHandler.errorHandler(_this)(err2);
                });
                stream.once(CONNECT_EVENT, function() {
                  connectTimeoutCleared = true;
                  stream.setTimeout(0);
                });
              }
            } else if (stream.destroyed) {
              const firstError = _this.connector.firstError;
              if (firstError) {
                process.nextTick(() => {
                  eventHandler.errorHandler(_this)(firstError);
                });
              }
              process.nextTick(eventHandler.closeHandler(_this));
            } else {
              process.nextTick(eventHandler.connectHandler(_this));
            }
            if (!stream.destroyed) {
              stream.once("error", eventHandler.errorHandler(_this));
              stream.once("close", eventHandler.closeHandler(_this));
            }
            const connectionReadyHandler = function() {
              _this.removeListener("close", connectionCloseHandler);
              resolve2();
            };
            var connectionCloseHandler = function() {
              _this.removeListener("ready", connectionReadyHandler);
              reject(new Error(utils_1.CONNECTION_CLOSED_ERROR_MSG));
            };
            _this.once("ready", connectionReadyHandler);
            _this.once("close", connectionCloseHandler);
          });
        });
      }
      /**
       * Disconnect from Redis.
       *
       * This method closes the connection immediately,
       * and may lose some pending replies that haven't written to client.
       * If you want to wait for the pending replies, use Redis#quit instead.
       */
      disconnect(reconnect = false) {
        if (!reconnect) {
          this.manuallyClosing = true;
        }
        if (this.reconnectTimeout && !reconnect) {
          clearTimeout(this.reconnectTimeout);
          this.reconnectTimeout = null;
        }
        if (this.status === "wait") {
          eventHandler.closeHandler(this)();
        } else {
          this.connector.disconnect();
        }
      }
      /**
       * Disconnect from Redis.
       *
       * @deprecated
       */
      end() {
        this.disconnect();
      }
      /**
       * Create a new instance with the same options as the current one.
       *
       * @example
       * ```js
       * var redis = new Redis(6380);
       * var anotherRedis = redis.duplicate();
       * ```
       */
      duplicate(override) {
        return new _Redis({
          ...this.options,
          ...override ?? {}
        });
      }
      /**
       * Mode of the connection.
       *
       * One of `"normal"`, `"subscriber"`, or `"monitor"`. When the connection is
       * not in `"normal"` mode, certain commands are not allowed.
       */
      get mode() {
        return this.options.monitor ? "monitor" : (0, utils_1.isResp2SubscriberMode)(this.condition) ? "subscriber" : "normal";
      }
      /**
       * Listen for all requests received by the server in real time.
       *
       * This command will create a new connection to Redis and send a
       * MONITOR command via the new connection in order to avoid disturbing
       * the current connection.
       *
       * @param callback The callback function. If omit, a promise will be returned.
       * @example
       * ```js
       * var redis = new Redis();
       * redis.monitor(function (err, monitor) {
       *   // Entering monitoring mode.
       *   monitor.on('monitor', function (time, args, source, database) {
       *     console.log(time + ": " + util.inspect(args));
       *   });
       * });
       *
       * // supports promise as well as other commands
       * redis.monitor().then(function (monitor) {
       *   monitor.on('monitor', function (time, args, source, database) {
       *     console.log(time + ": " + util.inspect(args));
       *   });
       * });
       * ```
       */
      monitor(callback) {
        const monitorInstance = this.duplicate({
          monitor: true,
          lazyConnect: false,
          himportFieldsets: void 0
        });
        return (0, standard_as_callback_1.default)(new Promise(function(resolve2, reject) {
          monitorInstance.once("error", reject);
          monitorInstance.once("monitoring", function() {
            resolve2(monitorInstance);
          });
        }), callback);
      }
      /**
       * Send a command to Redis
       *
       * This method is used internally and in most cases you should not
       * use it directly. If you need to send a command that is not supported
       * by the library, you can use the `call` method:
       *
       * ```js
       * const redis = new Redis();
       *
       * redis.call('set', 'foo', 'bar');
       * // or
       * redis.call(['set', 'foo', 'bar']);
       * ```
       *
       * @ignore
       */
      sendCommand(command, stream) {
        command.setReplyContext(this.condition ?? this.options);
        if (this.status === "wait") {
          this.connect().catch(lodash_1.noop);
        }
        if (this.status === "end") {
          command.reject(new Error(utils_1.CONNECTION_CLOSED_ERROR_MSG));
          return command.promise;
        }
        if ((0, utils_1.isResp2SubscriberMode)(this.condition) && !Command_1.default.checkFlag("VALID_IN_SUBSCRIBER_MODE", command.name)) {
          command.reject(new Error("Connection in subscriber mode, only subscriber commands may be used"));
          return command.promise;
        }
        if (typeof this.options.commandTimeout === "number") {
          command.setTimeout(this.options.commandTimeout);
        }
        if (!stream && this[HimportCoordinator_1.hasHimportCoordinator] && (0, HimportCoordinator_1.interceptHimportCommand)(this, command, this.status === "ready", () => {
          this.sendCommand(command);
        })) {
          return command.promise;
        }
        const blockingTimeout = this.getBlockingTimeoutInMs(command);
        let writable = this.status === "ready" || // During handshake, only internal handshake commands may bypass the queue.
        !stream && this.status === "connect" && this.condition?.handshake && (Command_1.default.checkFlag("HANDSHAKE_COMMANDS", command.name) || (0, HimportCoordinator_1.isInternalHimportCommand)(command)) || // Before ready, loading-safe commands remain writable after handshake.
        !stream && this.status === "connect" && !this.condition?.handshake && (0, commands_1.exists)(command.name, { caseInsensitive: true }) && (0, commands_1.hasFlag)(command.name, "loading", { nameCaseInsensitive: true });
        if (!this.stream) {
          writable = false;
        } else if (!this.stream.writable) {
          writable = false;
        } else if (this.stream._writableState && this.stream._writableState.ended) {
          writable = false;
        }
        if (!writable) {
          if (!this.options.enableOfflineQueue) {
            command.reject(new Error("Stream isn't writeable and enableOfflineQueue options is false"));
            return command.promise;
          }
          if (command.name === "quit" && this.offlineQueue.length === 0) {
            this.disconnect();
            command.resolve(Buffer.from("OK"));
            return command.promise;
          }
          if (debug.enabled) {
            debug("queue command[%s]: %d -> %s(%o)", this._getDescription(), this.condition.select, command.name, command.args);
          }
          this.offlineQueue.push({
            command,
            stream,
            select: this.condition.select
          });
          if (Command_1.default.checkFlag("BLOCKING_COMMANDS", command.name)) {
            const offlineTimeout = this.getConfiguredBlockingTimeout();
            if (offlineTimeout !== void 0) {
              command.setBlockingTimeout(offlineTimeout);
            }
          }
        } else {
          if (debug.enabled) {
            debug("write command[%s]: %d -> %s(%o)", this._getDescription(), this.condition?.select, command.name, command.args);
          }
          if (stream) {
            if ("isPipeline" in stream && stream.isPipeline) {
              stream.write(command.toWritable(stream.destination.redis.stream));
            } else {
              stream.write(command.toWritable(stream));
            }
          } else {
            this.stream.write(command.toWritable(this.stream));
          }
          this.commandQueue.push({
            command,
            stream,
            select: this.condition.select
          });
          if (blockingTimeout !== void 0) {
            command.setBlockingTimeout(blockingTimeout);
          }
          if (Command_1.default.checkFlag("WILL_DISCONNECT", command.name)) {
            this.manuallyClosing = true;
          }
          if (this.options.socketTimeout !== void 0 && this.socketTimeoutTimer === void 0) {
            this.setSocketTimeout();
          }
        }
        if (command.name === "select" && (0, utils_1.isInt)(command.args[0])) {
          const db = parseInt(command.args[0], 10);
          if (this.condition.select !== db) {
            this.condition.select = db;
            this.emit("select", db);
            debug("switch to db [%d]", this.condition.select);
          }
        }
        if (!writable || command.isTraced) {
          return command.promise;
        }
        command.isTraced = true;
        return (0, tracing_1.traceCommand)(() => command.promise, () => this._buildCommandContext(command));
      }
      getBlockingTimeoutInMs(command) {
        if (!Command_1.default.checkFlag("BLOCKING_COMMANDS", command.name)) {
          return void 0;
        }
        const configuredTimeout = this.getConfiguredBlockingTimeout();
        if (configuredTimeout === void 0) {
          return void 0;
        }
        const timeout = command.extractBlockingTimeout();
        if (typeof timeout === "number") {
          if (timeout > 0) {
            return timeout + (this.options.blockingTimeoutGrace ?? RedisOptions_1.DEFAULT_REDIS_OPTIONS.blockingTimeoutGrace);
          }
          return configuredTimeout;
        }
        if (timeout === null) {
          return configuredTimeout;
        }
        return void 0;
      }
      getConfiguredBlockingTimeout() {
        if (typeof this.options.blockingTimeout === "number" && this.options.blockingTimeout > 0) {
          return this.options.blockingTimeout;
        }
        return void 0;
      }
      setSocketTimeout() {
        const stream = this.stream;
        this.socketTimeoutTimer = setTimeout(() => {
          stream.destroy(new Error(`Socket timeout. Expecting data, but didn't receive any in ${this.options.socketTimeout}ms.`));
          this.socketTimeoutTimer = void 0;
        }, this.options.socketTimeout);
        stream.once("data", () => {
          clearTimeout(this.socketTimeoutTimer);
          this.socketTimeoutTimer = void 0;
          if (this.commandQueue.length === 0)
            return;
          this.setSocketTimeout();
        });
      }
      scanStream(options) {
        return this.createScanStream("scan", { options });
      }
      scanBufferStream(options) {
        return this.createScanStream("scanBuffer", { options });
      }
      sscanStream(key, options) {
        return this.createScanStream("sscan", { key, options });
      }
      sscanBufferStream(key, options) {
        return this.createScanStream("sscanBuffer", { key, options });
      }
      hscanStream(key, options) {
        return this.createScanStream("hscan", { key, options });
      }
      hscanBufferStream(key, options) {
        return this.createScanStream("hscanBuffer", { key, options });
      }
      zscanStream(key, options) {
        return this.createScanStream("zscan", { key, options });
      }
      zscanBufferStream(key, options) {
        return this.createScanStream("zscanBuffer", { key, options });
      }
      /**
       * Emit only when there's at least one listener.
       *
       * @ignore
       */
      silentEmit(eventName, arg) {
        let error2;
        if (eventName === "error") {
          error2 = arg;
          if (this.status === "end") {
            return;
          }
          if (this.manuallyClosing) {
            if (error2 instanceof Error && (error2.message === utils_1.CONNECTION_CLOSED_ERROR_MSG || // @ts-expect-error
            error2.syscall === "connect" || // @ts-expect-error
            error2.syscall === "read")) {
              return;
            }
          }
        }
        if (this.listeners(eventName).length > 0) {
          return this.emit.apply(this, arguments);
        }
        if (error2 && error2 instanceof Error) {
          console.error("[ioredis] Unhandled error event:", error2.stack);
        }
        return false;
      }
      /**
       * @ignore
       */
      recoverFromFatalError(_commandError, err, options) {
        this.flushQueue(err, options);
        this.silentEmit("error", err);
        this.disconnect(true);
      }
      /**
       * @ignore
       */
      handleReconnection(err, item) {
        let needReconnect = false;
        const ignoreReconnectOnError = Command_1.default.checkFlag("IGNORE_RECONNECT_ON_ERROR", item.command.name) || this.condition?.handshake && Command_1.default.checkFlag("HANDSHAKE_COMMANDS", item.command.name);
        if (this.options.reconnectOnError && !ignoreReconnectOnError) {
          needReconnect = this.options.reconnectOnError(err);
        }
        switch (needReconnect) {
          case 1:
          case true:
            if (this.status !== "reconnecting") {
              this.disconnect(true);
            }
            item.command.reject(err);
            break;
          case 2:
            if (this.status !== "reconnecting") {
              this.disconnect(true);
            }
            if (this.condition?.select !== item.select && item.command.name !== "select") {
              this.select(item.select);
            }
            this.sendCommand(item.command);
            break;
          default:
            item.command.reject(err);
        }
      }
      /**
       * @ignore
       */
      _getServerAddress() {
        if ("path" in this.options && this.options.path) {
          return { address: this.options.path, port: void 0 };
        }
        return {
          address: "host" in this.options && this.options.host || "localhost",
          port: "port" in this.options && this.options.port || 6379
        };
      }
      _buildCommandContext(command) {
        const { address, port } = this._getServerAddress();
        return {
          command: command.name,
          args: (0, tracing_1.sanitizeArgs)(command.name, command.args),
          database: this.condition?.select ?? this.options.db ?? 0,
          serverAddress: address,
          serverPort: port
        };
      }
      _buildBatchContext(batchSize) {
        const { address, port } = this._getServerAddress();
        return {
          batchMode: "MULTI",
          batchSize,
          database: this.condition?.select ?? this.options.db ?? 0,
          serverAddress: address,
          serverPort: port
        };
      }
      /**
       * Get description of the connection. Used for debugging.
       */
      _getDescription() {
        let description;
        if ("path" in this.options && this.options.path) {
          description = this.options.path;
        } else if (this.stream && this.stream.remoteAddress && this.stream.remotePort) {
          description = this.stream.remoteAddress + ":" + this.stream.remotePort;
        } else if ("host" in this.options && this.options.host) {
          description = this.options.host + ":" + this.options.port;
        } else {
          description = "";
        }
        if (this.options.connectionName) {
          description += ` (${this.options.connectionName})`;
        }
        return description;
      }
      resetCommandQueue() {
        this.commandQueue = new Deque();
      }
      resetOfflineQueue() {
        this.offlineQueue = new Deque();
      }
      parseOptions(...args) {
        const options = {};
        let isTls = false;
        for (let i = 0; i < args.length; ++i) {
          const arg = args[i];
          if (arg === null || typeof arg === "undefined") {
            continue;
          }
          if (typeof arg === "object") {
            (0, lodash_1.defaults)(options, arg);
          } else if (typeof arg === "string") {
            (0, lodash_1.defaults)(options, (0, utils_1.parseURL)(arg));
            if (arg.startsWith("rediss://")) {
              isTls = true;
            }
          } else if (typeof arg === "number") {
            options.port = arg;
          } else {
            throw new Error("Invalid argument " + arg);
          }
        }
        if (isTls) {
          (0, lodash_1.defaults)(options, { tls: true });
        }
        (0, lodash_1.defaults)(options, _Redis.defaultOptions);
        if (typeof options.port === "string") {
          options.port = parseInt(options.port, 10);
        }
        if (typeof options.db === "string") {
          options.db = parseInt(options.db, 10);
        }
        if (options.replyMapping === "resp3" && options.protocol !== 3) {
          throw new Error('The "resp3" replyMapping is only supported with protocol 3');
        }
        this.options = (0, utils_1.resolveTLSProfile)(options);
      }
      /**
       * Change instance's status
       */
      setStatus(status2, arg) {
        if (debug.enabled) {
          debug("status[%s]: %s -> %s", this._getDescription(), this.status || "[empty]", status2);
        }
        this.status = status2;
        process.nextTick(this.emit.bind(this, status2, arg));
      }
      createScanStream(command, { key, options = {} }) {
        return new ScanStream_1.default({
          objectMode: true,
          key,
          redis: this,
          command,
          ...options
        });
      }
      /**
       * Flush offline queue and command queue with error.
       *
       * @param error The error object to send to the commands
       * @param options options
       */
      flushQueue(error2, options) {
        options = (0, lodash_1.defaults)({}, options, {
          offlineQueue: true,
          commandQueue: true
        });
        let item;
        if (options.offlineQueue) {
          while (item = this.offlineQueue.shift()) {
            item.command.reject(error2);
          }
        }
        if (options.commandQueue) {
          if (this.commandQueue.length > 0) {
            if (this.stream) {
              this.stream.removeAllListeners("data");
            }
            while (item = this.commandQueue.shift()) {
              item.command.reject(error2);
            }
          }
        }
      }
      /**
       * Check whether Redis has finished loading the persistent data and is able to
       * process commands.
       */
      _readyCheck(callback) {
        const _this = this;
        this.info(function(err, res) {
          if (err) {
            if (err.message && err.message.includes("NOPERM")) {
              console.warn(`Skipping the ready check because INFO command fails: "${err.message}". You can disable ready check with "enableReadyCheck". More: https://github.com/luin/ioredis/wiki/Disable-ready-check.`);
              return callback(null, {});
            }
            return callback(err);
          }
          if (typeof res !== "string") {
            return callback(null, res);
          }
          const info2 = {};
          const lines = res.split("\r\n");
          for (let i = 0; i < lines.length; ++i) {
            const [fieldName, ...fieldValueParts] = lines[i].split(":");
            const fieldValue = fieldValueParts.join(":");
            if (fieldValue) {
              info2[fieldName] = fieldValue;
            }
          }
          if (!info2.loading || info2.loading === "0") {
            callback(null, info2);
          } else {
            const loadingEtaMs = (info2.loading_eta_seconds || 1) * 1e3;
            const retryTime = _this.options.maxLoadingRetryTime && _this.options.maxLoadingRetryTime < loadingEtaMs ? _this.options.maxLoadingRetryTime : loadingEtaMs;
            debug("Redis server still loading, trying again in " + retryTime + "ms");
            setTimeout(function() {
              _this._readyCheck(callback);
            }, retryTime);
          }
        }).catch(lodash_1.noop);
      }
    };
    _a = HimportCoordinator_1.hasHimportCoordinator;
    Redis3.Cluster = cluster_1.default;
    Redis3.Command = Command_1.default;
    Redis3.defaultOptions = RedisOptions_1.DEFAULT_REDIS_OPTIONS;
    (0, applyMixin_1.default)(Redis3, events_1.EventEmitter);
    (0, transaction_1.addTransactionSupport)(Redis3.prototype);
    exports.default = Redis3;
  }
});

// node_modules/ioredis/built/index.js
var require_built3 = __commonJS({
  "node_modules/ioredis/built/index.js"(exports, module) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    exports.print = exports.ReplyError = exports.SentinelIterator = exports.SentinelConnector = exports.AbstractConnector = exports.Pipeline = exports.ScanStream = exports.Command = exports.Cluster = exports.Redis = exports.default = void 0;
    exports = module.exports = require_Redis().default;
    var Redis_1 = require_Redis();
    Object.defineProperty(exports, "default", { enumerable: true, get: function() {
      return Redis_1.default;
    } });
    var Redis_2 = require_Redis();
    Object.defineProperty(exports, "Redis", { enumerable: true, get: function() {
      return Redis_2.default;
    } });
    var cluster_1 = require_cluster();
    Object.defineProperty(exports, "Cluster", { enumerable: true, get: function() {
      return cluster_1.default;
    } });
    var Command_1 = require_Command();
    Object.defineProperty(exports, "Command", { enumerable: true, get: function() {
      return Command_1.default;
    } });
    var ScanStream_1 = require_ScanStream();
    Object.defineProperty(exports, "ScanStream", { enumerable: true, get: function() {
      return ScanStream_1.default;
    } });
    var Pipeline_1 = require_Pipeline();
    Object.defineProperty(exports, "Pipeline", { enumerable: true, get: function() {
      return Pipeline_1.default;
    } });
    var AbstractConnector_1 = require_AbstractConnector();
    Object.defineProperty(exports, "AbstractConnector", { enumerable: true, get: function() {
      return AbstractConnector_1.default;
    } });
    var SentinelConnector_1 = require_SentinelConnector();
    Object.defineProperty(exports, "SentinelConnector", { enumerable: true, get: function() {
      return SentinelConnector_1.default;
    } });
    Object.defineProperty(exports, "SentinelIterator", { enumerable: true, get: function() {
      return SentinelConnector_1.SentinelIterator;
    } });
    exports.ReplyError = require_redis_errors().ReplyError;
    Object.defineProperty(exports, "Promise", {
      get() {
        console.warn("ioredis v5 does not support plugging third-party Promise library anymore. Native Promise will be used.");
        return Promise;
      },
      set(_lib) {
        console.warn("ioredis v5 does not support plugging third-party Promise library anymore. Native Promise will be used.");
      }
    });
    function print(err, reply) {
      if (err) {
        console.log("Error: " + err);
      } else {
        console.log("Reply: " + reply);
      }
    }
    exports.print = print;
  }
});

// node_modules/@actions/core/lib/summary.js
import { EOL } from "os";
import { constants, promises } from "fs";
var __awaiter = function(thisArg, _arguments, P, generator) {
  function adopt2(value) {
    return value instanceof P ? value : new P(function(resolve2) {
      resolve2(value);
    });
  }
  return new (P || (P = Promise))(function(resolve2, reject) {
    function fulfilled(value) {
      try {
        step(generator.next(value));
      } catch (e) {
        reject(e);
      }
    }
    function rejected2(value) {
      try {
        step(generator["throw"](value));
      } catch (e) {
        reject(e);
      }
    }
    function step(result) {
      result.done ? resolve2(result.value) : adopt2(result.value).then(fulfilled, rejected2);
    }
    step((generator = generator.apply(thisArg, _arguments || [])).next());
  });
};
var { access, appendFile, writeFile } = promises;
var SUMMARY_ENV_VAR = "GITHUB_STEP_SUMMARY";
var Summary = class {
  constructor() {
    this._buffer = "";
  }
  /**
   * Finds the summary file path from the environment, rejects if env var is not found or file does not exist
   * Also checks r/w permissions.
   *
   * @returns step summary file path
   */
  filePath() {
    return __awaiter(this, void 0, void 0, function* () {
      if (this._filePath) {
        return this._filePath;
      }
      const pathFromEnv = process.env[SUMMARY_ENV_VAR];
      if (!pathFromEnv) {
        throw new Error(`Unable to find environment variable for $${SUMMARY_ENV_VAR}. Check if your runtime environment supports job summaries.`);
      }
      try {
        yield access(pathFromEnv, constants.R_OK | constants.W_OK);
      } catch (_a) {
        throw new Error(`Unable to access summary file: '${pathFromEnv}'. Check if the file has correct read/write permissions.`);
      }
      this._filePath = pathFromEnv;
      return this._filePath;
    });
  }
  /**
   * Wraps content in an HTML tag, adding any HTML attributes
   *
   * @param {string} tag HTML tag to wrap
   * @param {string | null} content content within the tag
   * @param {[attribute: string]: string} attrs key-value list of HTML attributes to add
   *
   * @returns {string} content wrapped in HTML element
   */
  wrap(tag, content, attrs = {}) {
    const htmlAttrs = Object.entries(attrs).map(([key, value]) => ` ${key}="${value}"`).join("");
    if (!content) {
      return `<${tag}${htmlAttrs}>`;
    }
    return `<${tag}${htmlAttrs}>${content}</${tag}>`;
  }
  /**
   * Writes text in the buffer to the summary buffer file and empties buffer. Will append by default.
   *
   * @param {SummaryWriteOptions} [options] (optional) options for write operation
   *
   * @returns {Promise<Summary>} summary instance
   */
  write(options) {
    return __awaiter(this, void 0, void 0, function* () {
      const overwrite = !!(options === null || options === void 0 ? void 0 : options.overwrite);
      const filePath = yield this.filePath();
      const writeFunc = overwrite ? writeFile : appendFile;
      yield writeFunc(filePath, this._buffer, { encoding: "utf8" });
      return this.emptyBuffer();
    });
  }
  /**
   * Clears the summary buffer and wipes the summary file
   *
   * @returns {Summary} summary instance
   */
  clear() {
    return __awaiter(this, void 0, void 0, function* () {
      return this.emptyBuffer().write({ overwrite: true });
    });
  }
  /**
   * Returns the current summary buffer as a string
   *
   * @returns {string} string of summary buffer
   */
  stringify() {
    return this._buffer;
  }
  /**
   * If the summary buffer is empty
   *
   * @returns {boolen} true if the buffer is empty
   */
  isEmptyBuffer() {
    return this._buffer.length === 0;
  }
  /**
   * Resets the summary buffer without writing to summary file
   *
   * @returns {Summary} summary instance
   */
  emptyBuffer() {
    this._buffer = "";
    return this;
  }
  /**
   * Adds raw text to the summary buffer
   *
   * @param {string} text content to add
   * @param {boolean} [addEOL=false] (optional) append an EOL to the raw text (default: false)
   *
   * @returns {Summary} summary instance
   */
  addRaw(text2, addEOL = false) {
    this._buffer += text2;
    return addEOL ? this.addEOL() : this;
  }
  /**
   * Adds the operating system-specific end-of-line marker to the buffer
   *
   * @returns {Summary} summary instance
   */
  addEOL() {
    return this.addRaw(EOL);
  }
  /**
   * Adds an HTML codeblock to the summary buffer
   *
   * @param {string} code content to render within fenced code block
   * @param {string} lang (optional) language to syntax highlight code
   *
   * @returns {Summary} summary instance
   */
  addCodeBlock(code, lang) {
    const attrs = Object.assign({}, lang && { lang });
    const element = this.wrap("pre", this.wrap("code", code), attrs);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML list to the summary buffer
   *
   * @param {string[]} items list of items to render
   * @param {boolean} [ordered=false] (optional) if the rendered list should be ordered or not (default: false)
   *
   * @returns {Summary} summary instance
   */
  addList(items, ordered = false) {
    const tag = ordered ? "ol" : "ul";
    const listItems = items.map((item) => this.wrap("li", item)).join("");
    const element = this.wrap(tag, listItems);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML table to the summary buffer
   *
   * @param {SummaryTableCell[]} rows table rows
   *
   * @returns {Summary} summary instance
   */
  addTable(rows) {
    const tableBody = rows.map((row) => {
      const cells = row.map((cell) => {
        if (typeof cell === "string") {
          return this.wrap("td", cell);
        }
        const { header, data, colspan, rowspan } = cell;
        const tag = header ? "th" : "td";
        const attrs = Object.assign(Object.assign({}, colspan && { colspan }), rowspan && { rowspan });
        return this.wrap(tag, data, attrs);
      }).join("");
      return this.wrap("tr", cells);
    }).join("");
    const element = this.wrap("table", tableBody);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds a collapsable HTML details element to the summary buffer
   *
   * @param {string} label text for the closed state
   * @param {string} content collapsable content
   *
   * @returns {Summary} summary instance
   */
  addDetails(label, content) {
    const element = this.wrap("details", this.wrap("summary", label) + content);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML image tag to the summary buffer
   *
   * @param {string} src path to the image you to embed
   * @param {string} alt text description of the image
   * @param {SummaryImageOptions} options (optional) addition image attributes
   *
   * @returns {Summary} summary instance
   */
  addImage(src, alt, options) {
    const { width, height } = options || {};
    const attrs = Object.assign(Object.assign({}, width && { width }), height && { height });
    const element = this.wrap("img", null, Object.assign({ src, alt }, attrs));
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML section heading element
   *
   * @param {string} text heading text
   * @param {number | string} [level=1] (optional) the heading level, default: 1
   *
   * @returns {Summary} summary instance
   */
  addHeading(text2, level) {
    const tag = `h${level}`;
    const allowedTag = ["h1", "h2", "h3", "h4", "h5", "h6"].includes(tag) ? tag : "h1";
    const element = this.wrap(allowedTag, text2);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML thematic break (<hr>) to the summary buffer
   *
   * @returns {Summary} summary instance
   */
  addSeparator() {
    const element = this.wrap("hr", null);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML line break (<br>) to the summary buffer
   *
   * @returns {Summary} summary instance
   */
  addBreak() {
    const element = this.wrap("br", null);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML blockquote to the summary buffer
   *
   * @param {string} text quote text
   * @param {string} cite (optional) citation url
   *
   * @returns {Summary} summary instance
   */
  addQuote(text2, cite) {
    const attrs = Object.assign({}, cite && { cite });
    const element = this.wrap("blockquote", text2, attrs);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML anchor tag to the summary buffer
   *
   * @param {string} text link text/content
   * @param {string} href hyperlink
   *
   * @returns {Summary} summary instance
   */
  addLink(text2, href) {
    const element = this.wrap("a", text2, { href });
    return this.addRaw(element).addEOL();
  }
};
var _summary = new Summary();
var summary = _summary;

// node_modules/@actions/core/lib/command.js
import * as os from "os";

// node_modules/@actions/core/lib/utils.js
function toCommandValue(input) {
  if (input === null || input === void 0) {
    return "";
  } else if (typeof input === "string" || input instanceof String) {
    return input;
  }
  return JSON.stringify(input);
}
function toCommandProperties(annotationProperties) {
  if (!Object.keys(annotationProperties).length) {
    return {};
  }
  return {
    title: annotationProperties.title,
    file: annotationProperties.file,
    line: annotationProperties.startLine,
    endLine: annotationProperties.endLine,
    col: annotationProperties.startColumn,
    endColumn: annotationProperties.endColumn
  };
}

// node_modules/@actions/core/lib/command.js
function issueCommand(command, properties, message) {
  const cmd = new Command(command, properties, message);
  process.stdout.write(cmd.toString() + os.EOL);
}
function issue(name3, message = "") {
  issueCommand(name3, {}, message);
}
var CMD_STRING = "::";
var Command = class {
  constructor(command, properties, message) {
    if (!command) {
      command = "missing.command";
    }
    this.command = command;
    this.properties = properties;
    this.message = message;
  }
  toString() {
    let cmdStr = CMD_STRING + this.command;
    if (this.properties && Object.keys(this.properties).length > 0) {
      cmdStr += " ";
      let first = true;
      for (const key in this.properties) {
        if (this.properties.hasOwnProperty(key)) {
          const val = this.properties[key];
          if (val) {
            if (first) {
              first = false;
            } else {
              cmdStr += ",";
            }
            cmdStr += `${key}=${escapeProperty(val)}`;
          }
        }
      }
    }
    cmdStr += `${CMD_STRING}${escapeData(this.message)}`;
    return cmdStr;
  }
};
function escapeData(s) {
  return toCommandValue(s).replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}
function escapeProperty(s) {
  return toCommandValue(s).replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/:/g, "%3A").replace(/,/g, "%2C");
}

// node_modules/@actions/core/lib/file-command.js
import * as crypto from "crypto";
import * as fs from "fs";
import * as os2 from "os";
function issueFileCommand(command, message) {
  const filePath = process.env[`GITHUB_${command}`];
  if (!filePath) {
    throw new Error(`Unable to find environment variable for file command ${command}`);
  }
  if (!fs.existsSync(filePath)) {
    throw new Error(`Missing file at path: ${filePath}`);
  }
  fs.appendFileSync(filePath, `${toCommandValue(message)}${os2.EOL}`, {
    encoding: "utf8"
  });
}
function prepareKeyValueMessage(key, value) {
  const delimiter3 = `ghadelimiter_${crypto.randomUUID()}`;
  const convertedValue = toCommandValue(value);
  if (key.includes(delimiter3)) {
    throw new Error(`Unexpected input: name should not contain the delimiter "${delimiter3}"`);
  }
  if (convertedValue.includes(delimiter3)) {
    throw new Error(`Unexpected input: value should not contain the delimiter "${delimiter3}"`);
  }
  return `${key}<<${delimiter3}${os2.EOL}${convertedValue}${os2.EOL}${delimiter3}`;
}

// node_modules/@actions/core/lib/core.js
import * as os3 from "os";
var __awaiter2 = function(thisArg, _arguments, P, generator) {
  function adopt2(value) {
    return value instanceof P ? value : new P(function(resolve2) {
      resolve2(value);
    });
  }
  return new (P || (P = Promise))(function(resolve2, reject) {
    function fulfilled(value) {
      try {
        step(generator.next(value));
      } catch (e) {
        reject(e);
      }
    }
    function rejected2(value) {
      try {
        step(generator["throw"](value));
      } catch (e) {
        reject(e);
      }
    }
    function step(result) {
      result.done ? resolve2(result.value) : adopt2(result.value).then(fulfilled, rejected2);
    }
    step((generator = generator.apply(thisArg, _arguments || [])).next());
  });
};
var ExitCode;
(function(ExitCode2) {
  ExitCode2[ExitCode2["Success"] = 0] = "Success";
  ExitCode2[ExitCode2["Failure"] = 1] = "Failure";
})(ExitCode || (ExitCode = {}));
function setSecret(secret) {
  issueCommand("add-mask", {}, secret);
}
function getInput(name3, options) {
  const val = process.env[`INPUT_${name3.replace(/ /g, "_").toUpperCase()}`] || "";
  if (options && options.required && !val) {
    throw new Error(`Input required and not supplied: ${name3}`);
  }
  if (options && options.trimWhitespace === false) {
    return val;
  }
  return val.trim();
}
function setOutput(name3, value) {
  const filePath = process.env["GITHUB_OUTPUT"] || "";
  if (filePath) {
    return issueFileCommand("OUTPUT", prepareKeyValueMessage(name3, value));
  }
  process.stdout.write(os3.EOL);
  issueCommand("set-output", { name: name3 }, toCommandValue(value));
}
function error(message, properties = {}) {
  issueCommand("error", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function warning(message, properties = {}) {
  issueCommand("warning", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function info(message) {
  process.stdout.write(message + os3.EOL);
}
function startGroup(name3) {
  issue("group", name3);
}
function endGroup() {
  issue("endgroup");
}
function group(name3, fn) {
  return __awaiter2(this, void 0, void 0, function* () {
    startGroup(name3);
    let result;
    try {
      result = yield fn();
    } finally {
      endGroup();
    }
    return result;
  });
}
function saveState(name3, value) {
  const filePath = process.env["GITHUB_STATE"] || "";
  if (filePath) {
    return issueFileCommand("STATE", prepareKeyValueMessage(name3, value));
  }
  issueCommand("save-state", { name: name3 }, toCommandValue(value));
}
function getState(name3) {
  return process.env[`STATE_${name3}`] || "";
}

// src/outcome.ts
var OUTCOMES = [
  "deployed",
  "up-to-date",
  "dry-run",
  "preflight-failed",
  "nothing-to-deploy",
  "busy",
  "missing-clock",
  "not-acknowledged",
  "refused",
  "drain-timeout",
  "lease-lost",
  "push-failed",
  "build-failed",
  "promotion-failed",
  "command-failed",
  "release-failed",
  "dynos-not-up",
  "clock-not-seen",
  "health-check-failed",
  "deploy-timeout",
  "cancelled",
  "failed"
];
var SUCCESSES = ["deployed", "up-to-date", "dry-run"];
function isSuccess(outcome) {
  return SUCCESSES.some((one) => one === outcome);
}
var DeployError = class extends Error {
  name = "DeployError";
  outcome;
  /** What to do about it: one or more whole sentences. */
  next;
  /**
   * @param outcome how the deploy ended
   * @param message what happened, and to what: whole sentences, no secret
   * @param next what the reader should do
   */
  constructor(outcome, message, next, options) {
    super(message, options);
    this.outcome = outcome;
    this.next = next;
  }
};

// src/action/secrets.ts
var known = /* @__PURE__ */ new Set();
function maskSecret(secret) {
  for (const line of secret.split(/\r?\n/)) {
    if (line.trim() === "" || known.has(line)) continue;
    known.add(line);
    setSecret(line);
  }
}
function hideSecrets(text2) {
  const longestFirst = [...known].sort((a, b) => b.length - a.length);
  return longestFirst.reduce((rest, secret) => rest.replaceAll(secret, "***"), text2);
}
var OWN_WORDS = ["outcome", "section"];
function hideSecretsIn(value) {
  return JSON.parse(
    JSON.stringify(value),
    (name3, one) => typeof one === "string" && !OWN_WORDS.includes(name3) ? hideSecrets(one) : one
  );
}

// src/one-line.ts
import { stripVTControlCharacters } from "node:util";
var LONGEST = 2e3;
var LOOKED_AT = 4;
var LOOKED_AT_MOST = 16384;
function oneLine(text2, longest = LONGEST) {
  const beginning = text2.slice(0, Math.min(LOOKED_AT * longest, LOOKED_AT_MOST));
  const plain2 = stripVTControlCharacters(beginning.toWellFormed()).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "").trimEnd();
  const characters = [...plain2];
  if (characters.length <= longest && beginning.length === text2.length) return plain2;
  return `${characters.slice(0, longest - 1).join("")}…`;
}

// src/action/escape.ts
function logLine(text2) {
  return oneLine(text2).replace(/^(\s*):(?=:)/, "$1: ").replaceAll("##[", "## [");
}
function markdown(text2, longest = 300) {
  const escaped2 = oneLine(text2, longest).trimStart().replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replace(/[\\`*_{}[\]()#+\-.!|~:$=]/g, (character) => `&#${character.charCodeAt(0)};`);
  return escaped2.replace(/www(?=&#46;)/gi, (www) => `&#${www.charCodeAt(0)};${www.slice(1)}`).replaceAll("@", "<span>@</span>");
}
function chartName(text2) {
  return oneLine(text2, 60).replace(/[^\p{L}\p{N} ._/=+-]/gu, " ").replace(/\s+/g, " ").trim() || "?";
}

// src/action/actions-log.ts
var actionsLog = {
  info: (line) => info(logLine(hideSecrets(line))),
  warning: (line) => warning(oneLine(hideSecrets(line)))
};
var MOST_LINES = 60;
function annotateError(title, text2) {
  const lines = hideSecrets(text2).split("\n", MOST_LINES);
  error(lines.map((line) => oneLine(line)).join("\n"), { title });
}
function group2(heading, work) {
  return group(logLine(heading), work);
}

// src/action/crash.ts
function endOnCrash(before = () => {
}) {
  process.on("uncaughtException", (error2) => {
    const told = error2 instanceof Error ? error2.stack ?? error2.message : String(error2);
    before();
    annotateError(
      "Deploy: failed",
      `Something unexpected went wrong: ${told}
Please report it with the log of this run.`
    );
    process.exit(ExitCode.Failure);
  });
}

// src/together.ts
async function together(signal, tasks) {
  signal.throwIfAborted();
  const siblings = new AbortController();
  const linked = AbortSignal.any([signal, siblings.signal]);
  const failures = [];
  const results = await Promise.all(
    tasks.map(async (task) => {
      try {
        return await task(linked);
      } catch (error2) {
        failures.push(error2);
        siblings.abort(error2);
        return void 0;
      }
    })
  );
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return results;
}

// src/heroku/proxy.ts
import { STATUS_CODES } from "node:http";
import { BlockList, isIP } from "node:net";
var ProxyFault = class extends Error {
  name = "ProxyFault";
  /** what to do about it */
  next;
  /** it may well work a moment later */
  passing;
  constructor(message, next, passing2, cause) {
    super(message, { cause });
    this.next = next;
    this.passing = passing2;
  }
};
function proxyFor(target, env) {
  const scheme = target.protocol.slice(0, -1);
  const names = [`${scheme}_proxy`, `${scheme}_proxy`.toUpperCase(), "all_proxy", "ALL_PROXY"];
  const variable = names.find((name3) => env[name3]);
  const value = variable && env[variable];
  if (!value || bypassed(target, env.no_proxy || env.NO_PROXY || "")) return void 0;
  const text2 = value.includes("://") ? value : `http://${value}`;
  if (!URL.canParse(text2)) {
    throw new ProxyFault(
      `the environment variable ${variable} holds no URL of a proxy`,
      `Set ${variable} to \`http://proxy.example:3128\`, or to \`http://name:password@proxy.example:3128\` with name and password percent-encoded.`,
      false
    );
  }
  const { protocol, host } = new URL(text2);
  const shown = `${protocol}//${host}`;
  return /^https?:$/.test(protocol) ? { url: text2, shown, variable } : { shown, variable };
}
function bypassed(target, noProxy) {
  const host = target.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const port = target.port || (target.protocol === "https:" ? "443" : "80");
  return noProxy.toLowerCase().split(/[\s,]+/).some((entry) => {
    if (entry === "*") return true;
    const [, ofEntry = entry, portOfEntry] = isIP(entry) ? [] : /^(.+):(\d+)$/.exec(entry) ?? [];
    if (portOfEntry !== void 0 && portOfEntry !== port) return false;
    const name3 = ofEntry.replace(/^\[|\]$/g, "").replace(/^\*?\./, "");
    if (name3 === "") return false;
    return isIP(host) ? host === name3 || within(host, name3) : host === name3 || host.endsWith(`.${name3}`);
  });
}
function within(address, range) {
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  const list2 = new BlockList();
  const [, from = "", by, to = ""] = /^([\da-f.:]+)([/-])([\da-f.:]+)$/.exec(range) ?? [];
  try {
    if (by === "/") list2.addSubnet(from, Number(to), family);
    if (by === "-") list2.addRange(from, to, family);
    return list2.check(address, family);
  } catch {
    return false;
  }
}
var nameOf = ({ shown, variable }) => `the proxy ${shown} (from ${variable})`;
function turnedAway(status2, proxy, target) {
  const answer = STATUS_CODES[status2] ? `${status2} ${STATUS_CODES[status2]}` : `${status2}`;
  if (status2 === 407) {
    return new ProxyFault(
      `${nameOf(proxy)} wants a name and a password that it accepts (${answer})`,
      `Set ${proxy.variable} to \`http://name:password@…\`, with name and password percent-encoded, from a secret.`,
      false
    );
  }
  return new ProxyFault(
    `${nameOf(proxy)} made no connection to ${target.host} (${answer})`,
    `Ask whoever keeps the proxy to let ${target.host} through, or, if the runner can reach it without, add ${target.hostname} to NO_PROXY.`,
    status2 >= 500
  );
}
function unreachedProxy(reason, proxy, target, cause) {
  if (isUnbelieved(cause)) {
    return new ProxyFault(`${nameOf(proxy)} stands between: ${reason}`, UNBELIEVED, false, cause);
  }
  return new ProxyFault(
    `${nameOf(proxy)}: ${reason}`,
    `Check that the proxy is up and that the runner can reach it. If the runner can reach ${target.hostname} without it, add that to NO_PROXY.`,
    true,
    cause
  );
}
var UNBELIEVED = "The server showed a certificate that nobody vouches for. If your network's proxy opens what passes through it, store its certificate on the runner and set NODE_EXTRA_CA_CERTS to that file for the job. Otherwise somebody is in between: don't go on.";
function isUnbelieved(error2) {
  if (!(error2 instanceof Error)) return false;
  return "code" in error2 ? /CERT|UNABLE_TO_VERIFY/.test(String(error2.code)) : isUnbelieved(error2.cause);
}
function uselessProxy(reason, proxy, cause) {
  return new ProxyFault(
    `${reason}, and ${nameOf(proxy)} is of a kind that only git goes through`,
    "If the runner reaches Heroku only through a proxy, set HTTPS_PROXY to one that speaks HTTP: `http://proxy.example:3128`.",
    true,
    cause
  );
}

// src/heroku/api-error.ts
var ApiError = class extends DeployError {
  /** the HTTP status; absent when there was no answer */
  status;
  /** it may well work a moment later: no answer, 429, 5xx */
  passing;
  /**
   * It was something that must not be done twice, and whether it was carried out is not known: look before you ask again.
   * Never together with `passing`.
   */
  unknown;
  constructor(fault, message, next, cause) {
    super("preflight-failed", message, next, { cause });
    this.status = fault.status;
    this.passing = fault.passing ?? false;
    this.unknown = fault.unknown ?? false;
  }
};
var requestOf = ({ method, path }) => `${method} ${path.slice(0, 200)}`;
function unreachable(cause, asked, sent) {
  if (sent && asked.once) return notKnown(`gave no answer (${reasonOf(cause)})`, asked, {}, cause);
  const message = `Heroku's API at ${asked.apiUrl} could not be reached for ${requestOf(asked)}: ${reasonOf(cause)}.`;
  if (cause instanceof ProxyFault) return new ApiError({ passing: cause.passing }, message, cause.next, cause);
  if (isUnbelieved(cause)) return new ApiError({}, message, UNBELIEVED, cause);
  return new ApiError(
    { passing: true },
    message,
    "Check that the runner can reach that address, and https://status.heroku.com. If it reaches the internet only through a proxy, set HTTPS_PROXY for the job.",
    cause
  );
}
function unreadable(what, asked) {
  const look2 = asked.once ? ` Look with ${asked.look} whether it was carried out, before you run the job again.` : "";
  return new ApiError(
    { unknown: asked.once },
    `The answer of ${asked.apiUrl} to ${requestOf(asked)} is not one of Heroku's API: ${what}.`,
    `Check that no proxy or portal answers in place of Heroku and, if it is set, the environment variable HEROKU_API_URL.${look2}`
  );
}
function notKnown(what, asked, fault, cause) {
  return new ApiError(
    { ...fault, unknown: true },
    `Heroku's API ${what} to ${requestOf(asked)}, so whether it did what it was asked (${asked.doing}) is not known.`,
    `Look with ${asked.look} before you run the job again, and at https://status.heroku.com.`,
    cause
  );
}
function reasonOf(error2) {
  if (!(error2 instanceof Error)) return "no answer";
  if (error2.name === "TimeLimitError") return "no answer in time";
  if (error2.cause instanceof Error && !(error2 instanceof ProxyFault)) return reasonOf(error2.cause);
  return error2.message || ("code" in error2 ? String(error2.code) : error2.name);
}

// src/heroku/config-var.ts
async function configVar(api, name3, signal) {
  const value = (await api.configVars(signal)).get(name3);
  if (value) return value;
  throw new DeployError(
    "preflight-failed",
    value === "" ? `The config var ${name3} of ${api.appName} is empty.` : `${api.appName} has no config var ${name3}.`,
    `Name the config var that holds the Redis URL with the input \`redis-config-var\` (\`heroku config --app ${api.appName}\` lists them), or pass the URL itself as \`redis-url\`.`
  );
}

// src/heroku/credentials.ts
var API_KEY_FORM = /^[\x21-\x7e]+$/;
var encoded = (apiKey) => Buffer.from(`heroku:${apiKey}`).toString("base64");
function basicHeader(apiKey) {
  return `Authorization: Basic ${encoded(apiKey)}`;
}
function secretsOf(apiKey) {
  return [.../* @__PURE__ */ new Set([apiKey, encoded(apiKey), encodeURIComponent(apiKey)])].filter((text2) => text2 !== "");
}
function maskOf(apiKey) {
  const secrets = secretsOf(apiKey);
  return (text2) => secrets.reduce((masked, secret) => masked.replaceAll(secret, "***"), text2);
}
function assertApiKey(apiKey) {
  if (API_KEY_FORM.test(apiKey)) return;
  throw new DeployError(
    "preflight-failed",
    apiKey === "" ? "The input `heroku-api-key` is empty." : "The input `heroku-api-key` holds a space, a line break or another character that no Heroku token has.",
    "Store the token alone, without quotes or a trailing line, as a repository secret, and pass it as `heroku-api-key`. A new one is made by `heroku authorizations:create`."
  );
}

// src/duration.ts
var UNITS = { s: 1e3, m: 6e4, h: 36e5 };
var DURATION = /^(0|[1-9]\d{0,5})(s|m|h)$/;
var DURATION_RULE = "a whole number with a unit, such as 90s, 5m or 1h";
function parseDuration(text2) {
  const [, amount, unit] = DURATION.exec(text2) ?? [];
  if (amount === void 0) return void 0;
  return Number(amount) * UNITS[unit];
}
function formatDuration(ms) {
  if (ms < 9950) return `${Number((Math.max(0, ms) / 1e3).toFixed(1))} s`;
  const seconds = Math.round(ms / 1e3);
  if (seconds < 60) return `${seconds} s`;
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
}

// src/enumerate.ts
function enumerate(names, most = 10) {
  const more = names.length - most;
  return names.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

// src/heroku/dynos-up.ts
var LOOK_AGAIN_MS = 2e3;
var STAYS_CRASHED_MS = 2e4;
var MOST_DYNOS = 5;
async function dynosUp(api, release2, waitMs, { log, time, signal }) {
  const version = Number(release2.slice(1));
  const began = time.now();
  const crashedSince = /* @__PURE__ */ new Map();
  for (; ; ) {
    const now = time.now();
    const last = now - began >= waitMs;
    try {
      const [formation, dynos] = [await api.formation(signal), await api.dynos(signal)];
      const ours = dynos.filter(
        (dyno) => dyno.version >= version && formation.some(({ type }) => type === dyno.type)
      );
      const missing2 = shortages(formation, ours);
      if (missing2.length === 0) {
        log.info(
          `up on ${release2}: ${enumerate(namesOf(ours.filter(isUp)), MOST_DYNOS) || "nobody, as no dyno is to run"}`
        );
        return;
      }
      const crashed = ours.filter(({ state }) => state === "crashed");
      for (const { id } of crashed) crashedSince.set(id, crashedSince.get(id) ?? now);
      for (const id of crashedSince.keys())
        if (!crashed.some((dyno) => dyno.id === id)) crashedSince.delete(id);
      const lost = crashed.filter(({ id }) => now - (crashedSince.get(id) ?? now) >= STAYS_CRASHED_MS);
      if (lost.length > 0) throw crashes(api.appName, release2, lost);
      if (last) throw notUp(api.appName, release2, waitMs, missing2, ours);
    } catch (error2) {
      if (!(error2 instanceof ApiError)) throw error2;
      if (error2.status === 403) {
        log.warning(`${error2.message} So whether the dynos of ${release2} are up is not known`);
        return;
      }
      if (!error2.passing || last) throw unseen(api.appName, release2, error2);
      log.warning(`${error2.message} The dynos are still waited for`);
    }
    await time.sleep(Math.min(LOOK_AGAIN_MS, Math.max(0, began + waitMs - time.now())), signal);
  }
}
function shortages(formation, ours) {
  return formation.flatMap(({ type, quantity }) => {
    const up = namesOf(ours.filter((dyno) => dyno.type === type && isUp(dyno))).length;
    return up < quantity ? [{ type, up, quantity }] : [];
  });
}
var isUp = ({ state }) => state === "up" || state === "idle";
var namesOf = (dynos) => [...new Set(dynos.map(({ name: name3 }) => name3))];
function crashes(app, release2, crashed) {
  const names = namesOf(crashed);
  return new DeployError(
    "dynos-not-up",
    `${release2} is released, but ${enumerate(names, MOST_DYNOS)} ${names.length === 1 ? "crashes" : "crash"}.`,
    `Its own log tells why: \`heroku logs --dyno ${names[0]} --app ${app}\`.`
  );
}
function notUp(app, release2, waitMs, missing2, ours) {
  const each = missing2.map(({ type, up, quantity }) => {
    const states = ours.filter((dyno) => dyno.type === type && !isUp(dyno)).map(({ name: name3, state }) => `${name3} is ${state}`);
    return `${up} of ${quantity} ${type}${states.length > 0 ? ` (${enumerate(states, MOST_DYNOS)})` : ""}`;
  });
  return new DeployError(
    "dynos-not-up",
    `${release2} is released, but ${formatDuration(waitMs)} later not all of its dynos are up: ${enumerate(each)}.`,
    `Look at \`heroku ps --app ${app}\` and \`heroku logs --app ${app}\`. If they are only slow to start, raise wait-for-dynos.`
  );
}
function unseen(app, release2, cause) {
  return new DeployError(
    "failed",
    `${release2} is released, but whether its dynos are up can't be found out: ${cause.message}`,
    `Look at \`heroku ps --app ${app}\`. ${cause.next}`,
    { cause }
  );
}

// src/process/lines.ts
import { StringDecoder } from "node:string_decoder";
var LONGEST_LINE = 8192;
function createLineSplitter(onLine) {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let given = false;
  function take(text2) {
    const lines = (rest + text2).split(/[\r\n]/);
    rest = lines.pop() ?? "";
    for (const line of lines) endLine(line);
    if (rest.length <= LONGEST_LINE) return;
    if (!given) give(rest);
    given = true;
    rest = "";
  }
  function endLine(line) {
    if (!given) give(line);
    given = false;
  }
  function give(line) {
    const trimmed = line.slice(0, LONGEST_LINE).trimEnd();
    if (trimmed !== "") onLine(trimmed);
  }
  return {
    write: (piece) => take(decoder.write(piece)),
    end() {
      take(decoder.end());
      endLine(rest);
      rest = "";
    }
  };
}

// src/heroku/time-limit.ts
var TimeLimitError = class extends Error {
  name = "TimeLimitError";
};
async function withinLimit(limitMs, { time, signal }, work) {
  const limit = new AbortController();
  const ended2 = new AbortController();
  const watch = time.sleep(limitMs, AbortSignal.any([signal, ended2.signal])).then(
    () => limit.abort(new TimeLimitError(`not done within ${limitMs} ms`)),
    () => void 0
  );
  try {
    return await work(AbortSignal.any([signal, limit.signal]));
  } finally {
    ended2.abort();
    await watch;
  }
}

// src/heroku/dyno-fate.ts
var GoneError = class extends DeployError {
};
var LOOK_MS = 3e4;
var LOOKS_IN_VAIN = 2;
var JOIN_LIMIT_MS = 2 * 6e4;
var STOP_LIMIT_MS = 5e3;
var ENDED_STATES = ["crashed", "down", "complete"];
function createDynoFate(api, dyno, { log, time }) {
  const { name: name3, timeToLiveSec } = dyno;
  const began = time.now();
  const next = `See what Heroku has logged about it: \`heroku logs --dyno ${name3} --app ${api.appName}\`.`;
  async function isGone(signal) {
    const found = await api.dyno(name3, signal);
    return found === void 0 || ENDED_STATES.includes(found.state);
  }
  function gone(what) {
    const lived = timeToLiveSec !== void 0 && time.now() - began >= timeToLiveSec * 1e3;
    const cause = lived ? `: its time to live of ${formatDuration(timeToLiveSec * 1e3)} was over` : "";
    return new GoneError("failed", `${what} The dyno is gone${cause}.`, next);
  }
  return {
    async watch(hasJoined, signal) {
      let inVain = 0;
      let unanswered2 = false;
      for (; ; ) {
        await time.sleep(LOOK_MS, signal);
        try {
          inVain = await isGone(signal) ? inVain + 1 : 0;
        } catch (error2) {
          if (!(error2 instanceof ApiError)) throw error2;
          if (!unanswered2) log.warning(`${error2.message} The output of ${name3} is still waited for`);
          unanswered2 = true;
        }
        if (inVain >= LOOKS_IN_VAIN) throw gone(`${name3} has not told how its command ended.`);
        if (hasJoined()) continue;
        const waitedMs = time.now() - began;
        if (waitedMs >= JOIN_LIMIT_MS) {
          throw new DeployError("failed", `${name3} has not started within ${formatDuration(waitedMs)}.`, next);
        }
        log.info(`${name3} is still starting after ${formatDuration(waitedMs)}`);
      }
    },
    async brokenOff(reason, signal) {
      const why = reason === void 0 ? "" : ` (${reason})`;
      const what = `The connection to ${name3} broke off before it told how its command ended${why}.`;
      try {
        if (await isGone(signal)) throw gone(what);
      } catch (error2) {
        if (!(error2 instanceof ApiError)) throw error2;
        throw new DeployError("failed", `${what} Nor does Heroku tell: ${error2.message}`, next, {
          cause: error2
        });
      }
      throw new DeployError("failed", `${what} The dyno was still running, and is stopped.`, next);
    },
    async stop(lastWords) {
      log.info(`Stopping ${name3}`);
      const limited = { time, signal: new AbortController().signal };
      let isStopped = false;
      try {
        await withinLimit(STOP_LIMIT_MS, limited, async (limit) => {
          await api.stopDyno(name3, limit);
          isStopped = true;
          await Promise.race([lastWords, aborted(limit)]);
        });
      } catch (error2) {
        if (isStopped || error2 instanceof ApiError && error2.status === 404) return;
        const reason = error2 instanceof ApiError ? error2.message : `${reasonOf(error2)}.`;
        const wait = timeToLiveSec === void 0 ? "" : `, or wait: it lives for ${formatDuration(timeToLiveSec * 1e3)}`;
        const advice2 = `Stop it with \`heroku ps:stop ${name3} --app ${api.appName}\`${wait}`;
        log.warning(`${name3} could not be stopped: ${reason} ${advice2}`);
      }
    }
  };
}
function aborted(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

// src/heroku/exit-marker.ts
import { randomBytes } from "node:crypto";

// src/shell-word.ts
function shellWord(text2) {
  return `'${text2.replaceAll("'", "'\\''")}'`;
}

// src/heroku/exit-marker.ts
var LAUNCHER = "/cnb/lifecycle/launcher";
var TRIES = 10;
function markExit(command, launcher = LAUNCHER) {
  const halves = [randomBytes(8).toString("hex"), randomBytes(8).toString("hex")];
  const marker = new RegExp(`^(.*)${halves.join("")} (\\d{1,3});`, "s");
  return {
    commandLine: [
      // A dyno that is told to stop, or whose client has gone, tells all its processes: what the command makes of that must not end with
      // this shell.
      "trap : HUP INT TERM",
      // What is written to a command must not come back as its output.
      "stty -echo 2>/dev/null",
      `set -- ${shellWord(command)} ${shellWord(launcher)} sh`,
      'if command -v bash >/dev/null 2>&1; then set -- "$1" "$2" bash; fi',
      'if [ -x "$2" ]; then "$2" -- "$3" -c "$1"; else "$3" -c "$1"; fi',
      'set -- "$?"',
      // The command may have left the output non-blocking, and then it refuses what it can't take at once.
      `for _ in ${Array.from({ length: TRIES }, (_, index) => index + 1).join(" ")}; do if printf '\\n%s%s %d;\\n' ${halves.join(" ")} "$1" 2>/dev/null; then break; fi; sleep 1; done`,
      'exit "$1"'
    ].join("; "),
    read(line) {
      const [, before, code] = marker.exec(line) ?? [];
      return before === void 0 ? void 0 : { code: Number(code), before };
    }
  };
}

// src/heroku/rendezvous.ts
import { Agent } from "node:https";
var CONNECT_LIMIT_MS = 3e4;
var KEEP_ALIVE_MS = 3e4;
var GREETING = /^rendezvous\r?\n/;
var LONGEST_GREETING = 64;
async function attach(dyno, collaborators, onOutput) {
  const place = readAttachUrl(dyno);
  const socket = await connect(place, collaborators).catch((error2) => {
    collaborators.signal.throwIfAborted();
    throw unattached(dyno.name, place, error2);
  });
  const joined = Promise.withResolvers();
  const closed = Promise.withResolvers();
  let reason;
  let beginning = Buffer.alloc(0);
  socket.on("data", (piece) => {
    if (beginning === void 0) return onOutput(piece);
    beginning = Buffer.concat([beginning, piece]);
    if (!beginning.includes("\n") && beginning.length < LONGEST_GREETING) return;
    const [greeting = ""] = GREETING.exec(beginning.toString("latin1")) ?? [];
    const rest = beginning.subarray(greeting.length);
    beginning = void 0;
    joined.resolve();
    if (rest.length > 0) onOutput(rest);
  });
  socket.on("error", (error2) => {
    reason = reasonOf(error2);
  });
  socket.once("close", () => {
    if (beginning?.length) onOutput(beginning);
    closed.resolve(reason);
  });
  socket.write(`${place.secret}\r
`);
  return {
    joined: joined.promise,
    closed: closed.promise,
    write: (text2) => void socket.write(text2),
    close: () => void socket.destroy()
  };
}
function attachSecret(attachUrl) {
  const url = URL.parse(attachUrl);
  return url ? `${url.pathname}${url.search}`.slice(1) : "";
}
function readAttachUrl({ name: name3, attachUrl }) {
  const url = URL.parse(attachUrl);
  const secret = attachSecret(attachUrl);
  if (url?.protocol === "rendezvous:" && url.hostname !== "" && /^[\x21-\x7e]+$/.test(secret)) {
    return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port || 5e3), secret };
  }
  if (url?.protocol === "https:" || url?.protocol === "http:") {
    throw new DeployError(
      "failed",
      `Heroku lets ${name3} be attached to by SSH only, as in a Shield Private Space, and this step does not speak SSH.`,
      "Let the drain run in the release phase instead: `drain-at: release-phase`."
    );
  }
  throw new DeployError(
    "failed",
    `Heroku's answer names no place at which ${name3} could be attached to.`,
    "Check that no proxy answers in place of Heroku, and look at https://status.heroku.com."
  );
}
function connect({ host, port }, { env, time, signal }) {
  return withinLimit(
    CONNECT_LIMIT_MS,
    { time, signal },
    (limit) => new Promise((resolve2, reject) => {
      limit.throwIfAborted();
      const opened = [];
      const fail = (error2) => {
        limit.removeEventListener("abort", stop);
        for (const socket2 of opened) socket2.destroy();
        reject(error2);
      };
      const stop = () => fail(limit.reason);
      const keep = (socket2) => {
        socket2.on("error", fail);
        opened.push(socket2);
      };
      const done = (socket2) => {
        limit.removeEventListener("abort", stop);
        for (const each of opened) each.off("error", fail).on("error", () => {
        });
        resolve2(socket2);
      };
      limit.addEventListener("abort", stop, { once: true });
      const socket = new Agent({ proxyEnv: env }).createConnection(
        { host, port, ...isName(host) && { servername: host } },
        (error2, tunnelled) => {
          if (tunnelled) keep(tunnelled);
          if (error2 || limit.aborted) return fail(error2 ?? limit.reason);
          done(tunnelled);
        }
      );
      keep(socket);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      if (socket.encrypted) socket.once("secureConnect", () => done(socket));
    })
  );
}
var isName = (host) => !/^[\d.]+$|:/.test(host);
function unattached(name3, { host, port }, error2) {
  const where = `${host}:${port}`;
  const refusal2 = error2 instanceof Error && "statusCode" in error2 ? error2.statusCode : void 0;
  if (refusal2 !== void 0) {
    return new DeployError(
      "failed",
      `The proxy of this runner (HTTPS_PROXY) lets nobody through to ${where}, where the output of ${name3} is: it answered ${refusal2}.`,
      `Allow CONNECT to ${where} in the proxy, or, if the runner reaches it without the proxy, add ${host} to NO_PROXY.`,
      { cause: error2 }
    );
  }
  return new DeployError(
    "failed",
    `The output of ${name3} could not be attached to at ${where}: ${reasonOf(error2)}.`,
    `Check that this runner may connect to ${where}, directly or through the proxy in HTTPS_PROXY. If a proxy opens TLS, name the file with its certificate in NODE_EXTRA_CA_CERTS.`,
    { cause: error2 }
  );
}

// src/heroku/one-off.ts
async function openInDyno(api, { command, mask = [], ...settings }, collaborators, onLine) {
  const { log, signal } = collaborators;
  const marker = markExit(command);
  const dyno = await api.runDyno({ ...settings, command: marker.commandLine }, signal);
  const { name: name3 } = dyno;
  log.info(`${name3} is starting`);
  const fate = createDynoFate(api, { name: name3, timeToLiveSec: settings.timeToLiveSec }, collaborators);
  const leaving = new AbortController();
  const scope = AbortSignal.any([signal, leaving.signal]);
  const joined = Promise.withResolvers();
  const told = Promise.withResolvers();
  const plain2 = plainLine([...mask, attachSecret(dyno.attachUrl)]);
  let hasJoined = false;
  let write;
  let over = false;
  const lines = createLineSplitter((line) => {
    if (over) return;
    const end = marker.read(line);
    const shown = plain2(end ? end.before : line);
    if (shown !== "") onLine(shown);
    if (!end) return;
    over = true;
    told.resolve({ dyno: name3, code: end.code });
  });
  async function follow2() {
    let connection;
    try {
      connection = await attach(dyno, { ...collaborators, signal: scope }, lines.write);
      write = connection.write;
      void connection.joined.then(() => {
        hasJoined = true;
        log.info(`${name3} is attached`);
        joined.resolve();
      });
      const broken = connection.closed.then((reason) => {
        lines.end();
        return over ? told.promise : fate.brokenOff(reason, scope);
      });
      return await Promise.race([told.promise, broken, fate.watch(() => hasJoined, scope)]);
    } catch (error2) {
      if (!(error2 instanceof GoneError)) await fate.stop(connection?.closed);
      throw error2;
    } finally {
      lines.end();
      over = true;
      write = void 0;
      connection?.close();
      leaving.abort();
    }
  }
  const ended2 = follow2();
  ended2.catch(() => {
  });
  await Promise.race([joined.promise, ended2]);
  return {
    dyno: name3,
    ended: ended2,
    write: (line) => write?.(`${line}
`),
    async [Symbol.asyncDispose]() {
      leaving.abort(
        new DeployError("failed", `${name3} was left before its command had ended.`, "Run the job again.")
      );
      await ended2.catch(() => {
      });
    }
  };
}
var LONGEST_LINE2 = 2e3;
var LOOKED_AT2 = 8192;
function plainLine(mask) {
  const secrets = mask.flatMap((text2) => text2.split(/[\r\n]+/)).filter((text2) => text2.trim() !== "").sort((a, b) => b.length - a.length);
  return (line) => {
    const text2 = oneLine(line, LOOKED_AT2);
    const masked = secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text2);
    return oneLine(masked, LONGEST_LINE2);
  };
}

// src/heroku/api-answers.ts
var UnreadableAnswerError = class extends Error {
  name = "UnreadableAnswerError";
};
function plain(text2, length = 200) {
  return text2.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "").trim().slice(0, length).toWellFormed();
}
var LONGEST_TEXT = 1e3;
var LONGEST_NAME = 100;
function fields(value, what) {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new UnreadableAnswerError(`${what} is not an object`);
}
function list(value, what) {
  if (Array.isArray(value)) return value;
  throw new UnreadableAnswerError(`${what} is not a list`);
}
function text(value, what) {
  if (typeof value === "string" && value !== "" && value.length <= LONGEST_TEXT) return value;
  throw new UnreadableAnswerError(`${what} is not a text`);
}
function name(value, what) {
  const shown = typeof value === "string" && value.length <= LONGEST_NAME ? plain(value) : "";
  if (shown !== "") return shown;
  throw new UnreadableAnswerError(`${what} is not a text of at most ${LONGEST_NAME} characters`);
}
function reference(value, what) {
  return text(fields(value, what).id, `${what}'s id`);
}
function status(value, what) {
  if (value === "pending" || value === "succeeded" || value === "failed") return value;
  throw new UnreadableAnswerError(`${what} is none of pending, succeeded, failed`);
}
function optionalId(value) {
  if (typeof value !== "object" || value === null) return void 0;
  const { id } = value;
  return typeof id === "string" && id !== "" && id.length <= LONGEST_TEXT ? id : void 0;
}
function httpUrl(value) {
  if (typeof value !== "string" || !URL.canParse(value)) return void 0;
  const { protocol, href } = new URL(value);
  return protocol === "https:" || protocol === "http:" ? href : void 0;
}
function readApp(value) {
  const app = fields(value, "the app");
  const webUrl = httpUrl(app.web_url);
  return {
    id: text(app.id, "the app's id"),
    name: name(app.name, "the app's name"),
    ...webUrl && { webUrl }
  };
}
function readRelease(value) {
  const release2 = fields(value, "the release");
  const { version, description } = release2;
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1) {
    throw new UnreadableAnswerError("the release's version is not a number");
  }
  const slugId = optionalId(release2.slug);
  const outputStreamUrl = httpUrl(release2.output_stream_url);
  return {
    id: text(release2.id, "the release's id"),
    version,
    status: status(release2.status, "the release's status"),
    current: release2.current === true,
    description: typeof description === "string" ? plain(description) : "",
    ...slugId && { slugId },
    ...outputStreamUrl && { outputStreamUrl }
  };
}
function readReleases(value, max) {
  const releases = list(value, "the answer").map(readRelease);
  return releases.sort((a, b) => b.version - a.version).slice(0, max);
}
function readSlugCommit(value) {
  const { commit: commit2 } = fields(value, "the slug");
  return typeof commit2 === "string" && /^[0-9a-f]{7,64}$/i.test(commit2) ? commit2.toLowerCase() : void 0;
}
function readBuild(build) {
  const source = build.source_blob;
  const createdAt = typeof build.created_at === "string" ? Date.parse(build.created_at) : Number.NaN;
  const version = typeof source === "object" && source !== null ? source.version : void 0;
  const slugId = optionalId(build.slug);
  return {
    id: text(build.id, "the build's id"),
    status: status(build.status, "the build's status"),
    ...typeof version === "string" && { commit: version.toLowerCase() },
    ...slugId && { slugId },
    ...Number.isFinite(createdAt) && { createdAt }
  };
}
function readBuilds(value, max) {
  const builds = list(value, "the answer").map((entry) => fields(entry, "the build"));
  const created = ({ created_at }) => typeof created_at === "string" ? created_at : "";
  const newestFirst = builds.sort((a, b) => created(b).localeCompare(created(a)));
  return newestFirst.slice(0, max).map(readBuild);
}
function readConfigVars(value) {
  const entries2 = Object.entries(fields(value, "the answer"));
  return new Map(entries2.filter((entry) => typeof entry[1] === "string"));
}

// node_modules/is-network-error/index.js
var objectToString = Object.prototype.toString;
var isError = (value) => objectToString.call(value) === "[object Error]";
var errorMessages = /* @__PURE__ */ new Set([
  "network error",
  // Chrome
  "NetworkError when attempting to fetch resource.",
  // Firefox
  "The Internet connection appears to be offline.",
  // Safari 16
  "Network request failed",
  // `cross-fetch`
  "fetch failed",
  // Undici (Node.js)
  "terminated",
  // Undici (Node.js)
  " A network error occurred.",
  // Bun (WebKit)
  "Network connection lost"
  // Cloudflare Workers (fetch)
]);
function isNetworkError(error2) {
  const isValid = error2 && isError(error2) && error2.name === "TypeError" && typeof error2.message === "string";
  if (!isValid) {
    return false;
  }
  const { message, stack } = error2;
  if (message === "Load failed" || message.startsWith("Load failed (") && message.endsWith(")")) {
    return stack === void 0 || "__sentry_captured__" in error2;
  }
  if (message.startsWith("error sending request for url")) {
    return true;
  }
  if (message === "Failed to fetch" || message.startsWith("Failed to fetch (") && message.endsWith(")")) {
    return true;
  }
  return errorMessages.has(message);
}

// node_modules/p-retry/index.js
function validateRetries(retries) {
  if (typeof retries === "number") {
    if (retries < 0) {
      throw new TypeError("Expected `retries` to be a non-negative number.");
    }
    if (Number.isNaN(retries)) {
      throw new TypeError("Expected `retries` to be a valid number or Infinity, got NaN.");
    }
    if (Number.isFinite(retries) && !Number.isInteger(retries)) {
      throw new TypeError("Expected `retries` to be a non-negative integer or Infinity.");
    }
  } else if (retries !== void 0) {
    throw new TypeError("Expected `retries` to be a number or Infinity.");
  }
}
function validateNumberOption(name3, value, { allowInfinity = false } = {}) {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`Expected \`${name3}\` to be a number${allowInfinity ? " or Infinity" : ""}.`);
  }
  if (!allowInfinity && !Number.isFinite(value)) {
    throw new TypeError(`Expected \`${name3}\` to be a finite number.`);
  }
  if (value < 0) {
    throw new TypeError(`Expected \`${name3}\` to be ≥ 0.`);
  }
}
function validateOption(name3, value, type) {
  if (value === void 0 || value === null) {
    return;
  }
  if (typeof value !== type) {
    throw new TypeError(`Expected \`${name3}\` to be a ${type}.`);
  }
}
function validateSignal(value) {
  if (value === void 0 || value === null) {
    return;
  }
  if (typeof value.throwIfAborted !== "function" || typeof value.addEventListener !== "function" || typeof value.removeEventListener !== "function") {
    throw new TypeError("Expected `signal` to be an AbortSignal.");
  }
}
var AbortError = class _AbortError extends Error {
  constructor(message) {
    super(typeof message === "string" ? message : void 0);
    this.name = "AbortError";
    if (message instanceof Error) {
      this.originalError = message;
      ({ message } = message);
    } else {
      this.originalError = new Error(message);
      ({ message } = this.originalError);
      Error.captureStackTrace?.(this.originalError, _AbortError);
    }
    this.message = message;
  }
};
var maximumDelay = 2 ** 31 - 1;
function calculateDelay(retriesConsumed, options) {
  if (options.minTimeout === 0) {
    return 0;
  }
  const attempt = retriesConsumed + 1;
  const random = options.randomize ? Math.random() + 1 : 1;
  const timeout = Math.round(random * options.minTimeout * options.factor ** (attempt - 1));
  return Math.min(timeout, Math.ceil(options.maxTimeout), maximumDelay);
}
function calculateRemainingTime(start, max) {
  return Number.isFinite(max) ? max - (performance.now() - start) : max;
}
async function delayForRetry(delay2, options) {
  if (delay2 <= 0) {
    return;
  }
  await new Promise((resolve2, reject) => {
    const onAbort = () => {
      clearTimeout(timeoutToken);
      reject(options.signal.reason);
    };
    const timeoutToken = setTimeout(() => {
      options.signal?.removeEventListener("abort", onAbort);
      resolve2();
    }, delay2);
    if (options.unref) {
      timeoutToken.unref?.();
    }
    options.signal?.addEventListener("abort", onAbort, { once: true });
  });
}
function stringifyThrownValue(value) {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
function unwrapAbortError(error2) {
  let cause = error2;
  while (cause instanceof AbortError && cause.originalError instanceof Error) {
    cause = cause.originalError;
  }
  return cause;
}
async function onAttemptFailure({ error: error2, attemptNumber, retriesConsumed, startTime, options }) {
  const abortIfNeeded = () => {
    options.signal?.throwIfAborted();
  };
  const normalizedError = error2 instanceof Error ? error2 : new TypeError(`Non-error was thrown: "${stringifyThrownValue(error2)}". You should only throw errors.`);
  abortIfNeeded();
  if (normalizedError instanceof AbortError) {
    throw unwrapAbortError(normalizedError);
  }
  const retriesLeft = options.retries - retriesConsumed;
  const isRetriableError = !(normalizedError instanceof TypeError) || isNetworkError(normalizedError);
  const timeLeft = calculateRemainingTime(startTime, options.maxRetryTime);
  const delayTime = isRetriableError && timeLeft > 0 && retriesLeft > 0 ? calculateDelay(retriesConsumed, options) : 0;
  const consumeRetryContext = Object.freeze({
    error: normalizedError,
    attemptNumber,
    retriesLeft,
    retriesConsumed,
    retryDelay: delayTime
  });
  const consumeRetry = await options.shouldConsumeRetry(consumeRetryContext) ?? true;
  abortIfNeeded();
  const effectiveDelay = consumeRetry ? delayTime : 0;
  const context = Object.freeze({
    error: normalizedError,
    attemptNumber,
    retriesLeft,
    retriesConsumed,
    retryDelay: effectiveDelay
  });
  await options.onFailedAttempt(context);
  abortIfNeeded();
  const remainingTime = calculateRemainingTime(startTime, options.maxRetryTime);
  if (!isRetriableError || remainingTime <= 0 || retriesLeft <= 0) {
    throw normalizedError;
  }
  const shouldRetry = await options.shouldRetry(context);
  abortIfNeeded();
  if (!shouldRetry) {
    throw normalizedError;
  }
  const remainingTimeAfterShouldRetry = calculateRemainingTime(startTime, options.maxRetryTime);
  if (remainingTimeAfterShouldRetry <= 0) {
    throw normalizedError;
  }
  if (!consumeRetry) {
    return false;
  }
  await delayForRetry(Math.min(effectiveDelay, remainingTimeAfterShouldRetry), options);
  return true;
}
async function pRetry(input, options = {}) {
  options = { ...options };
  options.retries ??= 10;
  validateRetries(options.retries);
  if (Object.hasOwn(options, "forever")) {
    throw new Error("The `forever` option is no longer supported. For many use-cases, you can set `retries: Infinity` instead.");
  }
  options.factor ??= 2;
  options.minTimeout ??= 1e3;
  options.maxTimeout ??= Infinity;
  options.maxRetryTime ??= Infinity;
  options.randomize ??= false;
  options.onFailedAttempt ??= () => {
  };
  options.shouldRetry ??= () => true;
  options.shouldConsumeRetry ??= () => true;
  validateOption("onFailedAttempt", options.onFailedAttempt, "function");
  validateOption("shouldRetry", options.shouldRetry, "function");
  validateOption("shouldConsumeRetry", options.shouldConsumeRetry, "function");
  validateOption("randomize", options.randomize, "boolean");
  validateOption("unref", options.unref, "boolean");
  validateSignal(options.signal);
  validateNumberOption("factor", options.factor);
  validateNumberOption("minTimeout", options.minTimeout);
  validateNumberOption("maxTimeout", options.maxTimeout, { allowInfinity: true });
  validateNumberOption("maxRetryTime", options.maxRetryTime, { allowInfinity: true });
  if (options.factor === 0) {
    options.factor = 1;
  }
  options.signal?.throwIfAborted();
  let attemptNumber = 0;
  let retriesConsumed = 0;
  const startTime = performance.now();
  while (retriesConsumed <= options.retries) {
    attemptNumber++;
    try {
      options.signal?.throwIfAborted();
      const result = await input(attemptNumber);
      options.signal?.throwIfAborted();
      return result;
    } catch (error2) {
      if (await onAttemptFailure({
        error: error2,
        attemptNumber,
        retriesConsumed,
        startTime,
        options
      })) {
        retriesConsumed++;
      }
    }
  }
  throw new Error("Retry attempts exhausted without throwing an error.");
}

// src/heroku/api-refusal.ts
var NEW_TOKEN = 'Make a new one with `heroku authorizations:create --description "GitHub Actions"`, store it as a repository secret (Settings → Secrets and variables → Actions), and pass that secret as `heroku-api-key`.';
var BILLING = "Its owner settles that at https://dashboard.heroku.com/account/billing (for the app of a team, at the billing page of the team). Then run the job again.";
var SCOPES = {
  read: "read, write, read-protected, write-protected or global",
  "read-protected": "read-protected, write-protected or global",
  write: "write, write-protected or global",
  "write-protected": "write-protected or global"
};
function refusal(status2, said2, asked) {
  if (status2 >= 500 && asked.once) return notKnown(`answered ${status2}`, asked, { status: status2 });
  const [message, next] = advice(status2, said2, asked);
  const words = said2.message === "" || status2 === 404 ? "" : ` Heroku says: "${said2.message}"`;
  return new ApiError({ status: status2, passing: status2 === 429 || status2 >= 500 }, message + words, next);
}
function advice(status2, said2, asked) {
  const answered2 = `${status2} to ${requestOf(asked)}`;
  if (status2 === 401) {
    return [
      `Heroku does not accept the token in \`heroku-api-key\` (${answered2}): it is not valid, or it has expired or been revoked.`,
      NEW_TOKEN
    ];
  }
  if (status2 === 402) {
    return [
      `Heroku refuses to ${asked.doing} (${answered2}): the account that pays for it is behind with its payments, or has to confirm how it pays.`,
      BILLING
    ];
  }
  if (status2 === 403) return forbidden(said2, asked, answered2);
  if (status2 === 404) return notFound(said2, asked, answered2);
  if (status2 === 409) {
    return [
      `Heroku can't ${asked.doing} now (${answered2}): something else that is under way stands against it.`,
      `See what that is (\`heroku releases --app ${asked.app}\`, and the app's Activity tab in Heroku's dashboard), and run the job again when it is done.`
    ];
  }
  if (status2 === 422 && /^verification_/.test(said2.id)) {
    return [
      `Heroku refuses to ${asked.doing} (${answered2}): the account that owns ${asked.app} has to be verified first.`,
      BILLING
    ];
  }
  if (status2 === 422) {
    return [
      `Heroku refuses to ${asked.doing} as it was asked (${answered2}).`,
      `Mend what Heroku names. \`heroku releases --app ${asked.app}\` and \`heroku ps --app ${asked.app}\` show how things stand.`
    ];
  }
  if (status2 === 429) {
    return [
      `Heroku's API answers ${answered2}: this account has used up its calls for now.`,
      "An account has 4,500 calls an hour, shared by all its tokens. Run the job again in some minutes, or give the deploy a token of an account of its own."
    ];
  }
  if (status2 >= 500) {
    return [
      `Heroku's API answered ${answered2}, also when asked again.`,
      "Look at https://status.heroku.com and run the job again when Heroku is well."
    ];
  }
  return [
    `Heroku's API answered ${answered2}.`,
    `Check \`heroku-app\` (${asked.app}) and, if it is set, the environment variable HEROKU_API_URL (${asked.apiUrl}).`
  ];
}
function forbidden({ id, message }, { app, doing, scope }, answered2) {
  if (id === "suspended") {
    return [
      `Heroku refuses to ${doing} (${answered2}): the account that owns the token, or ${app} itself, is suspended.`,
      "Heroku has written to the owner why. If not, ask at https://help.heroku.com."
    ];
  }
  if (id === "two_factor") {
    return [
      `Heroku asks for a second factor to ${doing} (${answered2}), which no workflow can give.`,
      `The token is one of a login in person. ${NEW_TOKEN}`
    ];
  }
  if (/\bSSO\b|single sign-on|identity provider/i.test(`${id} ${message}`)) {
    return [
      `Heroku wants a token of somebody who signed in by single sign-on to ${doing} (${answered2}).`,
      `Sign in by your company's single sign-on (\`heroku login\`) as the account that is to deploy. ${NEW_TOKEN}`
    ];
  }
  if (/\bIP\b|allow-?list/i.test(`${id} ${message}`)) {
    return [
      `Heroku does not let the token in \`heroku-api-key\` ${doing} from the address of this runner (${answered2}).`,
      "GitHub's own runners have changing addresses: run this job on a runner within the ranges that are allowed, or have an administrator of the team allow those of the runner."
    ];
  }
  return [
    `The token in \`heroku-api-key\` may not ${doing} (${answered2}).`,
    `It needs the scope ${SCOPES[scope]}: \`heroku authorizations:create --scope write-protected\` makes a token that can do all of a deploy (\`--scope read-protected\` one for \`dry-run: true\`). Store it as the repository secret that is passed as \`heroku-api-key\`. The account that owns it needs access to ${app}: \`heroku access:add <email> --app ${app}\`; in a team, with the permissions view, deploy and operate.`
  ];
}
function notFound({ resource, message }, { app, doing, path }, answered2) {
  const missing2 = resource || /\bfind that ([a-z -]{1,40})\./.exec(message)?.[1];
  if (missing2 === "app" || /^\/apps\/[^/]+$/.test(path)) {
    return [
      `Heroku knows no app of the name ${app} that this token can see (${answered2}).`,
      `Check the spelling of \`heroku-app\`, and that the account that owns the token has access to the app: \`heroku access:add <email> --app ${app}\`.`
    ];
  }
  return [
    `Heroku could not ${doing} (${answered2}): it knows no such ${missing2 ?? "thing"}, or this token can't see it.`,
    `It may be gone by now. If it should be there, see that the account that owns the token has access to it (\`heroku access --app ${app}\`).`
  ];
}

// src/heroku/http.ts
import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
var EMPTY = [204, 205, 304];
var NEVER_CONNECTED = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"];
function createFetch(env) {
  return async (input, init = {}) => {
    const { signal } = init;
    signal?.throwIfAborted();
    const target = new URL(input instanceof Request ? input.url : input);
    const secure = target.protocol === "https:";
    const proxy = proxyFor(target, env);
    const { promise, resolve: resolve2, reject } = Promise.withResolvers();
    const route = routeTo(secure, proxy);
    const request = (secure ? https : http).request(target, {
      method: init.method ?? "GET",
      headers: Object.fromEntries(new Headers(init.headers)),
      agent: route.agent
    });
    let answer;
    const stop = () => {
      reject(signal?.reason);
      request.destroy();
      route.connecting()?.destroy();
      answer?.destroy(signal?.reason);
    };
    signal?.addEventListener("abort", stop, { once: true });
    request.on("close", () => signal?.removeEventListener("abort", stop));
    request.on("response", (incoming) => {
      answer = incoming;
      try {
        resolve2(responseOf(incoming, secure ? void 0 : proxy, target));
      } catch (error2) {
        incoming.destroy();
        reject(error2);
      }
    });
    request.on("error", (error2) => reject(proxy ? throughProxy(error2, proxy, target, request) : error2));
    request.end(typeof init.body === "string" ? init.body : void 0);
    return promise;
  };
}
function routeTo(secure, proxy) {
  let socket;
  const proxyEnv = proxy?.url === void 0 ? void 0 : { http_proxy: proxy.url, https_proxy: proxy.url };
  let agent;
  try {
    agent = new (secure ? https : http).Agent(proxyEnv ? { proxyEnv } : {});
  } catch (error2) {
    if (!proxy) throw error2;
    throw new ProxyFault(
      `the name or the password of the proxy ${proxy.shown} (from ${proxy.variable}) is not percent-encoded`,
      `Write each \`%\` in it as \`%25\` and each other sign but letters and digits likewise, in ${proxy.variable}.`,
      false
    );
  }
  const connect2 = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const begun = connect2(options, callback);
    socket = begun;
    return begun;
  };
  return { agent, connecting: () => socket };
}
function responseOf(incoming, proxy, target) {
  const { statusCode: status2 = 0, rawHeaders } = incoming;
  if (proxy?.url !== void 0 && status2 === 407) throw turnedAway(status2, proxy, target);
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  }
  if (EMPTY.includes(status2)) {
    incoming.resume();
    return new Response(null, { status: status2, headers });
  }
  return new Response(Readable.toWeb(incoming), { status: status2, headers });
}
function throughProxy(error2, proxy, target, request) {
  const reason = error2.message || String(error2.code);
  if (proxy.url === void 0) return connected(error2, request) ? error2 : uselessProxy(reason, proxy, error2);
  if (error2.code === "ERR_PROXY_TUNNEL" && error2.statusCode)
    return turnedAway(error2.statusCode, proxy, target);
  return connected(error2, request) ? error2 : unreachedProxy(reason, proxy, target, error2);
}
function connected({ code = "" }, { socket }) {
  return socket !== null && socket !== void 0 && !NEVER_CONNECTED.includes(code);
}
function neverSent(error2) {
  if (!(error2 instanceof Error)) return false;
  if (error2 instanceof ProxyFault) return true;
  return NEVER_CONNECTED.includes(String(error2.code)) || neverSent(error2.cause);
}

// src/heroku/api-client.ts
var MOST_PAGES = 25;
async function askForAll(ask2, call, signal, read) {
  const all = [];
  let range;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { found, next } = await ask2({ ...call, ...range && { range } }, signal, (value, next2) => ({
      found: read(value),
      next: next2
    }));
    all.push(...found);
    if (!next) break;
    range = next;
  }
  return all;
}
var TRIES2 = 5;
var ATTEMPT_LIMIT_MS = 15e3;
var LONGEST_WAIT_MS = 6e4;
var LONGEST_ANSWER = 1048576;
function createApiClient(address, collaborators) {
  const { app, apiUrl, apiKey } = address;
  const base = apiUrl.replace(/\/+$/, "");
  const mask = maskOf(apiKey);
  const fetch = collaborators.fetch ?? createFetch(collaborators.env);
  async function attempt(asked, call, signal) {
    const response = await fetch(base + call.path, {
      method: call.method,
      headers: {
        Accept: "application/vnd.heroku+json; version=3",
        Authorization: `Bearer ${apiKey}`,
        "User-Agent": "heroku-deploy-gate",
        ...call.range && { Range: call.range },
        ...call.body !== void 0 && { "Content-Type": "application/json" }
      },
      ...call.body !== void 0 && { body: JSON.stringify(call.body) },
      redirect: "manual",
      signal
    });
    const body = await readBody(response);
    const next = response.status === 206 ? response.headers.get("next-range") : null;
    if (response.ok) return { value: parse(body), ...next && { next } };
    const error2 = refusal(response.status, spoken(body, mask), asked);
    throw error2.passing ? new PassingFault(error2, retryAfterMs(response)) : error2;
  }
  return (call, signal, read) => {
    const { method, path, doing, scope, look: look2 } = call;
    const once = method !== "GET" && !call.repeatable;
    const asked = { app, apiUrl: base, method, path, doing, scope, once, look: look2 };
    return pRetry(
      async () => {
        try {
          const limited = { time: collaborators.time, signal };
          const { value, next } = await withinLimit(
            ATTEMPT_LIMIT_MS,
            limited,
            (limit) => attempt(asked, call, limit)
          );
          return read(value, next);
        } catch (error2) {
          if (error2 instanceof PassingFault || error2 instanceof ApiError) throw final(error2);
          if (error2 instanceof UnreadableAnswerError) throw final(unreadable(error2.message, asked));
          const fault = unreachable(error2, asked, !neverSent(error2));
          throw fault.passing ? new PassingFault(fault) : final(fault);
        }
      },
      {
        retries: TRIES2 - 1,
        // The waiting is done below, by the time that came in and as long as the server asks.
        minTimeout: 0,
        signal,
        async onFailedAttempt({ error: error2, attemptNumber, retriesLeft }) {
          if (retriesLeft === 0 || !(error2 instanceof PassingFault)) return;
          const waitMs = error2.retryAfterMs ?? backoffMs(attemptNumber, collaborators.random ?? Math.random);
          const what = error2.error.status ? `Heroku's API answered ${error2.error.status} to ${requestOf(asked)}` : `Heroku's API gave no answer to ${requestOf(asked)} (${reasonOf(error2.error.cause)})`;
          const again = `trying again in ${formatDuration(waitMs)} (${attemptNumber + 1} of ${TRIES2})`;
          collaborators.log.info(`${what}; ${again}`);
          await collaborators.time.sleep(waitMs, signal);
        }
      }
    ).catch((error2) => {
      throw error2 instanceof PassingFault ? error2.error : error2;
    });
  };
}
var PassingFault = class extends Error {
  error;
  retryAfterMs;
  constructor(error2, retryAfterMs2) {
    super(error2.message);
    this.error = error2;
    this.retryAfterMs = retryAfterMs2;
  }
};
var final = (error2) => error2 instanceof ApiError ? new AbortError(error2) : error2;
function backoffMs(attemptNumber, random) {
  return Math.round(500 * 2 ** (attemptNumber - 1) * (1 + random()));
}
function retryAfterMs(response) {
  const header = response.headers.get("retry-after")?.trim();
  if (!header) return void 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1e3 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_WAIT_MS) : void 0;
}
async function readBody(response) {
  const pieces = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.byteLength;
    if (length > LONGEST_ANSWER) throw new UnreadableAnswerError("it is longer than 1 MiB");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}
function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    throw new UnreadableAnswerError("it is not JSON");
  }
}
function spoken(body, mask) {
  const fields2 = errorFields(body);
  const shown = (value) => typeof value === "string" ? plain(mask(value)) : "";
  return { id: shown(fields2.id), message: shown(fields2.message), resource: shown(fields2.resource) };
}
function errorFields(body) {
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}

// src/heroku/dyno-answers.ts
function readFormation(value) {
  return list(value, "the answer").map((entry) => {
    const { type, quantity, command } = fields(entry, "the formation");
    if (!isCount(quantity)) throw new UnreadableAnswerError("the formation's quantity is not a number");
    return {
      type: name(type, "the formation's type"),
      quantity,
      ...typeof command === "string" && { command }
    };
  });
}
function readDynos(value) {
  return list(value, "the answer").map(readDyno);
}
function readDyno(value) {
  const dyno = fields(value, "the dyno");
  return {
    id: text(dyno.id, "the dyno's id"),
    name: name(dyno.name, "the dyno's name"),
    type: name(dyno.type, "the dyno's type"),
    state: name(dyno.state, "the dyno's state"),
    version: versionOf(dyno.release)
  };
}
function readOneOffDyno(value) {
  const dyno = fields(value, "the dyno");
  const attachUrl = text(dyno.attach_url, "the dyno's attach_url");
  if (!URL.canParse(attachUrl)) throw new UnreadableAnswerError("the dyno's attach_url is not a URL");
  return { id: text(dyno.id, "the dyno's id"), name: name(dyno.name, "the dyno's name"), attachUrl };
}
function versionOf(release2) {
  const version = typeof release2 === "object" && release2 !== null ? release2.version : void 0;
  return isCount(version) ? version : 0;
}
var isCount = (value) => Number.isSafeInteger(value) && value >= 0;

// src/heroku/pipeline-answers.ts
function readPipelineCoupling(value) {
  const { pipeline, stage } = fields(value, "the app's place in its pipeline");
  return { pipelineId: reference(pipeline, "the pipeline"), stage: name(stage, "the pipeline's stage") };
}
function readPromotion(value) {
  return text(fields(value, "the promotion").id, "the promotion's id");
}
function readPromotionTargets(value) {
  return list(value, "the answer").map((entry) => {
    const target = fields(entry, "the promotion target");
    const releaseId = optionalId(target.release);
    const error2 = typeof target.error_message === "string" ? plain(target.error_message) : "";
    return {
      appId: reference(target.app, "the promotion target's app"),
      status: status(target.status, "the promotion target's status"),
      ...releaseId && { releaseId },
      ...error2 && { error: error2 }
    };
  });
}

// src/heroku/platform-api.ts
var newest = (field, max) => `${field} ..; order=desc,max=${max}`;
var segment = (text2) => encodeURIComponent(text2.toWellFormed());
function createPlatformApi(address, collaborators) {
  const { app } = address;
  const home = `/apps/${segment(app)}`;
  const ask2 = createApiClient(address, collaborators);
  const releasesCommand = `\`heroku releases --app ${app}\``;
  const dynosCommand = `\`heroku ps --app ${app}\``;
  const read = (path, what, range) => ({
    method: "GET",
    path,
    doing: `read ${what}`,
    scope: "read",
    look: releasesCommand,
    ...range && { range }
  });
  const write = (path, doing, body, look2 = releasesCommand) => ({
    method: "POST",
    path,
    doing,
    scope: "write",
    body,
    look: look2
  });
  const builds = (max, signal) => ask2(
    read(`${home}/builds`, `the builds of ${app}`, newest("created_at", max)),
    signal,
    (value) => readBuilds(value, max)
  );
  return {
    appName: app,
    app: (signal) => ask2(read(home, `the app ${app}`), signal, readApp),
    configVars(signal) {
      const call = read(`${home}/config-vars`, `the config vars of ${app}`);
      return ask2({ ...call, scope: "read-protected" }, signal, readConfigVars);
    },
    releases: (max, signal) => ask2(
      read(`${home}/releases`, `the releases of ${app}`, newest("version", max)),
      signal,
      (value) => readReleases(value, max)
    ),
    release: (version, signal) => ask2(read(`${home}/releases/${version}`, `release v${version} of ${app}`), signal, readRelease),
    slugCommit: (id, signal) => ask2(read(`${home}/slugs/${segment(id)}`, `the slug ${plain(id)}`), signal, readSlugCommit),
    builds,
    newestBuild: async (signal) => (await builds(10, signal))[0],
    formation: (signal) => askForAll(ask2, read(`${home}/formation`, `the formation of ${app}`), signal, readFormation),
    dynos: (signal) => askForAll(ask2, read(`${home}/dynos`, `the dynos of ${app}`), signal, readDynos),
    makeRelease(slug, description, signal) {
      const call = write(`${home}/releases`, `make a release of ${app}`, { slug, description });
      return ask2(call, signal, readRelease);
    },
    rollBack(release2, signal) {
      const look2 = `\`heroku releases --app ${app}\``;
      return ask2(write(`${home}/releases`, `roll ${app} back`, { release: release2 }, look2), signal, readRelease);
    },
    pipeline: (signal) => unlessAbsent(
      ask2(read(`${home}/pipeline-couplings`, `the pipeline of ${app}`), signal, readPipelineCoupling)
    ),
    promote({ pipelineId, sourceAppId, targetAppId }, signal) {
      const body = {
        pipeline: { id: pipelineId },
        source: { app: { id: sourceAppId } },
        targets: [{ app: { id: targetAppId } }]
      };
      return ask2(write("/pipeline-promotions", `promote to ${app}`, body), signal, readPromotion);
    },
    promotionTargets: (id, signal) => ask2(
      read(
        `/pipeline-promotions/${segment(id)}/promotion-targets`,
        `what became of the promotion to ${app}`
      ),
      signal,
      readPromotionTargets
    ),
    runDyno({ command, env, timeToLiveSec, size }, signal) {
      const body = {
        command,
        attach: true,
        // Its output is a log: no echo, no sizes, no `\r\n`.
        force_no_tty: true,
        ...env && { env },
        ...timeToLiveSec !== void 0 && { time_to_live: timeToLiveSec },
        ...size && { size }
      };
      const call = write(`${home}/dynos`, `start a one-off dyno of ${app}`, body, dynosCommand);
      return ask2({ ...call, scope: "write-protected" }, signal, readOneOffDyno);
    },
    dyno: (name3, signal) => unlessAbsent(
      ask2(read(`${home}/dynos/${segment(name3)}`, `the dyno ${plain(name3)} of ${app}`), signal, readDyno)
    ),
    async stopDyno(name3, signal) {
      const path = `${home}/dynos/${segment(name3)}/actions/stop`;
      const call = write(path, `stop the dyno ${plain(name3)} of ${app}`, {}, dynosCommand);
      await unlessAbsent(ask2({ ...call, repeatable: true }, signal, () => void 0));
    }
  };
}
async function unlessAbsent(answer) {
  try {
    return await answer;
  } catch (error2) {
    if (error2 instanceof ApiError && error2.status === 404) return void 0;
    throw error2;
  }
}

// src/heroku/release-output.ts
var FIRST_LOOK_MS = 1e3;
var LONGEST_LOOK_MS = 5e3;
var SILENCE_MS = 6e4;
var TRIES3 = 5;
var REDIRECTS = 3;
async function streamOutput(url, collaborators, onLine) {
  const { log, time, signal, hide, command } = collaborators;
  let shown = 0;
  let looks = 0;
  let failures = 0;
  for (; ; ) {
    const shownBefore = shown;
    let seen = 0;
    const show2 = (line) => {
      seen++;
      if (seen <= shown) return;
      shown = seen;
      onLine(hide(line));
    };
    try {
      const found = await readOnce(url, collaborators, show2);
      if (found) return;
      if (shown > 0) throw new UnreadError("it is gone", true);
      await time.sleep(Math.min(FIRST_LOOK_MS * 2 ** looks++, LONGEST_LOOK_MS), signal);
    } catch (error2) {
      signal.throwIfAborted();
      if (!(error2 instanceof UnreadError)) throw error2;
      if (error2.silent) continue;
      failures = shown > shownBefore ? 1 : failures + 1;
      if (!error2.passing || failures === TRIES3) {
        const what = shown > 0 ? "What else the release phase prints" : "What the release phase prints";
        log.warning(`${what} can't be read (${plain(hide(error2.message))}); see it with \`${command}\``);
        return;
      }
      await time.sleep(FIRST_LOOK_MS * 2 ** (failures - 1), signal);
    }
  }
}
var UnreadError = class extends Error {
  /** it may well work a moment later */
  passing;
  /** nothing came for a while, which may be all there was to come */
  silent;
  constructor(reason, passing2, silent = false) {
    super(reason);
    this.passing = passing2;
    this.silent = silent;
  }
};
async function readOnce(url, collaborators, onLine) {
  const { time, signal } = collaborators;
  const attempt = new AbortController();
  const within3 = (work) => withinLimit(SILENCE_MS, { time, signal }, (limit) => {
    limit.addEventListener("abort", () => attempt.abort(limit.reason), { once: true });
    return work();
  });
  try {
    const response = await within3(() => open(url, collaborators, attempt.signal)).catch(unread(false));
    const { status: status2, ok } = response;
    if (status2 === 404 || status2 === 204) return false;
    if (!ok || !response.body) {
      throw new UnreadError(`it is answered with ${status2}`, status2 === 429 || status2 >= 500);
    }
    const reader = response.body.getReader();
    const lines = createLineSplitter(onLine);
    for (; ; ) {
      const { done, value } = await within3(() => reader.read()).catch(unread(true));
      if (done) break;
      lines.write(Buffer.from(value.filter((byte) => byte !== 0)));
    }
    lines.end();
    return true;
  } finally {
    attempt.abort();
  }
}
async function open(url, { env, fetch = createFetch(env) }, signal) {
  let from = url;
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    if (!isOpen(from)) throw new UnreadError("its address is not one of https", false);
    const response = await fetch(from, {
      headers: { "User-Agent": "heroku-deploy-gate" },
      redirect: "manual",
      signal
    });
    const to = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || to === null || !URL.canParse(to, from))
      return response;
    await response.body?.cancel();
    from = new URL(to, from).href;
  }
  throw new UnreadError("it is redirected without an end", false);
}
function isOpen(url) {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || protocol === "http:" && hostname === "127.0.0.1";
}
function unread(begun) {
  return (error2) => {
    if (error2 instanceof UnreadError) throw error2;
    const passing2 = error2 instanceof ProxyFault ? error2.passing : true;
    throw new UnreadError(reasonOf(error2), passing2, begun && error2 instanceof TimeLimitError);
  };
}

// src/heroku/releases.ts
var RELEASES_LOOKED_AT = 25;
var versionName = (version) => `v${version}`;
var short = (commit2) => commit2.slice(0, 8);
function createReleaseReader(api) {
  const slugs = /* @__PURE__ */ new Map();
  async function slugCommit(id, signal) {
    if (slugs.has(id)) return slugs.get(id);
    try {
      const commit2 = await api.slugCommit(id, signal);
      slugs.set(id, commit2);
      return commit2;
    } catch (error2) {
      if (error2 instanceof ApiError && !error2.passing && error2.status !== 401) return void 0;
      throw error2;
    }
  }
  async function commitOf3(release2, signal) {
    const commit2 = release2.slugId && await slugCommit(release2.slugId, signal);
    return commit2 || /^Deploy ([0-9a-f]{7,40})\b/.exec(release2.description)?.[1];
  }
  return {
    slugCommit,
    async runs(release2, commit2, signal) {
      const found = await commitOf3(release2, signal);
      return found === void 0 ? void 0 : commit2.startsWith(found) || found.startsWith(commit2);
    }
  };
}
async function findRelease(reader, releases, { commit: commit2, newerThan }, signal) {
  const newer = releases.filter(({ version }) => version > newerThan);
  for (const release2 of newer.toReversed()) {
    if (await reader.runs(release2, commit2, signal)) return release2;
  }
  return void 0;
}

// src/heroku/follow.ts
var POLL_MS = 2e3;
var LAST_LINES_MS = 5e3;
var APPEARS_WITHIN_MS = 2 * 6e4;
var SILENT_MS = 5 * 6e4;
async function follow(target, collaborators) {
  var _stack = [];
  try {
    const { log, time, signal } = collaborators;
    const began = time.now();
    let seen;
    let answeredAt = began;
    const output = __using(_stack, new Output(target, collaborators), true);
    for (; ; ) {
      try {
        const releases = await target.api.releases(RELEASES_LOOKED_AT, signal);
        const release2 = await target.find(releases, signal);
        answeredAt = time.now();
        if (release2 && !target.printed) output.show(release2);
        if (release2 && release2.status !== seen?.status) {
          seen = { status: release2.status, sinceMs: time.now() };
          log.info(`Release ${versionName(release2.version)} of ${target.what}: ${release2.status}`);
        }
        if (release2?.status === "failed") throw releaseFailed(release2, target);
        if (release2?.status === "succeeded" && isInForce(release2, releases, target, log)) {
          return versionName(release2.version);
        }
        const waitingSince = release2?.status === "pending" ? time.now() : seen?.sinceMs ?? began;
        if (time.now() - waitingSince >= APPEARS_WITHIN_MS) throw neverCame(release2, target);
      } catch (error2) {
        if (!(error2 instanceof ApiError)) throw error2;
        if (!error2.passing || time.now() - answeredAt >= SILENT_MS) throw unverified(error2, target);
        log.warning(`${error2.message} The release is still waited for`);
      }
      await time.sleep(POLL_MS, signal);
    }
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = __callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
var Output = class {
  #app;
  #collaborators;
  #enough = new AbortController();
  #shown;
  constructor({ app }, collaborators) {
    this.#app = app;
    this.#collaborators = collaborators;
  }
  show({ outputStreamUrl, version }) {
    if (outputStreamUrl === void 0 || this.#shown !== void 0) return;
    const { signal, log, hide = (line) => line, ...around } = this.#collaborators;
    const command = `heroku releases:output ${versionName(version)} --app ${this.#app}`;
    const until = AbortSignal.any([signal, this.#enough.signal]);
    const needs = { ...around, log, hide, command, signal: until };
    this.#shown = streamOutput(outputStreamUrl, needs, (line) => log.info(`release: ${line}`)).catch(() => {
    });
  }
  async [Symbol.asyncDispose]() {
    if (this.#shown === void 0) return;
    const { time, signal } = this.#collaborators;
    const over = new AbortController();
    const limit = time.sleep(LAST_LINES_MS, AbortSignal.any([signal, over.signal])).catch(() => {
    });
    await Promise.race([this.#shown, limit]);
    over.abort();
    this.#enough.abort();
    await this.#shown;
  }
};
function isInForce(release2, releases, target, log) {
  if (release2.current) return true;
  const newer = releases.find(({ current, version }) => current && version > release2.version);
  if (!newer) return false;
  if (newer.slugId !== release2.slugId) throw replaced(release2, newer, target);
  const [ours, theirs] = [versionName(release2.version), versionName(newer.version)];
  log.warning(`${ours} succeeded, and ${theirs} (${newer.description}) is current by now`);
  return true;
}
function replaced(release2, newer, { app, what }) {
  const [ours, theirs] = [versionName(release2.version), versionName(newer.version)];
  return new DeployError(
    "release-failed",
    `Release ${ours} of ${what} succeeded, but ${app} runs ${theirs} (${newer.description}) by now, and that is of something else.`,
    `Somebody else has released meanwhile: see \`heroku releases --app ${app}\`. A \`concurrency\` group in the workflow keeps deploys from meeting.`
  );
}
function releaseFailed(release2, { app, deed, currentRelease, remedy: remedy2 }) {
  const version = versionName(release2.version);
  const still = currentRelease ? `The release that was current before, ${currentRelease}, is still running.` : "";
  return new DeployError(
    "release-failed",
    `${deed} succeeded, but its release ${version} failed. ${still}`.trimEnd(),
    `See what the release phase printed: \`heroku releases:output ${version} --app ${app}\`. ` + (remedy2 ?? `Then deploy a commit with the fix, or, if the cause lay outside the code, run this job again. (\`heroku releases:retry --app ${app}\` does so without a drain.)`)
  );
}
function neverCame(release2, { app, what, deed }) {
  const waited = formatDuration(APPEARS_WITHIN_MS);
  return new DeployError(
    "release-failed",
    release2 ? `Release ${versionName(release2.version)} of ${what} succeeded, but ${waited} later ${app} still runs another one.` : `${deed} went through, but ${app} had no release of it ${waited} later.`,
    `Look at \`heroku releases --app ${app}\` and at https://status.heroku.com.`
  );
}
function unverified(error2, { app, deed }) {
  return new DeployError(
    "failed",
    `${deed} went through, but whether ${app} runs it can't be found out: ${error2.message}`,
    `Look at \`heroku releases --app ${app}\`: the app may run the new release already. ${error2.next}`,
    { cause: error2 }
  );
}

// src/heroku/release.ts
var LOOK_AGAIN_MS2 = 2e3;
var SETTLES_WITHIN_MS = 6e4;
async function release(api, making, collaborators) {
  const { log, signal } = collaborators;
  try {
    const made = await making.make();
    log.info(`${versionName(made.version)} of ${api.appName} is made: ${making.description}`);
    return made.id;
  } catch (error2) {
    signal.throwIfAborted();
    if (!(error2 instanceof ApiError)) throw error2;
    const made = error2.unknown ? await lookFor(api, error2, making, collaborators) : void 0;
    if (made !== void 0) return made.id;
    throw new DeployError("push-failed", error2.message, error2.next, { cause: error2 });
  }
}
async function lookFor(api, lost, { newestVersion, isOurs }, { log, time, signal }) {
  log.warning(`${lost.message} Looking whether it is there`);
  const began = time.now();
  for (; ; ) {
    try {
      for (const one of (await api.releases(RELEASES_LOOKED_AT, signal)).toReversed()) {
        if (one.version <= newestVersion || !await isOurs(one)) continue;
        log.info(`${versionName(one.version)} of ${api.appName} is there: ${one.description}`);
        return one;
      }
    } catch (error2) {
      if (!(error2 instanceof ApiError)) throw error2;
      log.warning(error2.message);
      if (!error2.passing) return void 0;
    }
    if (time.now() - began >= SETTLES_WITHIN_MS) {
      log.warning(`No sign of it after ${formatDuration(time.now() - began)}`);
      return void 0;
    }
    await time.sleep(LOOK_AGAIN_MS2, signal);
  }
}

// src/heroku/roll-back.ts
async function rollBack(before, ours, collaborators) {
  const { app, api, currentRelease, currentReleaseId } = before;
  if (currentRelease === void 0 || currentReleaseId === void 0) {
    throw new DeployError(
      "failed",
      `${app} ran no release before, so there is nothing to go back to.`,
      `Look at what runs now: \`heroku ps --app ${app}\`.`
    );
  }
  const { log, signal } = collaborators;
  const releases = await api.releases(RELEASES_LOOKED_AT, signal);
  const current = releases.find((one) => one.current);
  assertNobodyElse(app, releases, current, ours, log);
  const making = {
    description: `Rollback to ${currentRelease}`,
    newestVersion: releases[0]?.version ?? 0,
    isOurs: ({ description }) => description === making.description,
    make: () => api.rollBack(currentReleaseId, signal)
  };
  const made = await release(api, making, collaborators);
  return await follow(
    {
      ...{ app, api },
      what: `the rollback to ${currentRelease}`,
      deed: `The request to go back to ${currentRelease}`,
      ...current && { currentRelease: versionName(current.version) },
      remedy: `If its cause has passed, \`heroku releases:retry --app ${app}\` runs it again; otherwise only a commit that mends the app helps.`,
      find: async (all) => all.find(({ id }) => id === made)
    },
    collaborators
  );
}
function assertNobodyElse(app, releases, current, ours, log) {
  const taken = releases.find(({ version }) => versionName(version) === ours);
  if (taken === void 0 || current === void 0 || current.version <= taken.version) return;
  const newer = `${versionName(current.version)} (${current.description})`;
  if (current.slugId === taken.slugId) {
    log.warning(`${newer} has come after ${ours}: what it changed goes back as well`);
    return;
  }
  throw new DeployError(
    "busy",
    `Somebody else has released ${newer} since, and that is left as it is.`,
    `Look at \`heroku releases --app ${app}\`.`
  );
}

// src/heroku/running-build.ts
var LOOK_AGAIN_MS3 = 5e3;
var TELL_AGAIN_MS = 6e4;
var BUILDS_LOOKED_AT = 10;
var RUNS_AT_MOST_MS = 20 * 6e4;
function runningBuild(builds, now) {
  const running = builds.filter(
    ({ status: status2, createdAt }) => status2 === "pending" && createdAt !== void 0 && now - createdAt <= RUNS_AT_MOST_MS
  );
  return running.sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0))[0];
}
async function awaitBuild(api, build, {
  log,
  time,
  signal,
  date = Date.now
}) {
  const began = time.now();
  const today = date();
  const now = () => today + (time.now() - began);
  let waited;
  let toldAt = began;
  for (let running = build; running; ) {
    if (running.id !== waited?.id) {
      log.info(`${underWay(api.appName, running, now())}: waiting for it`);
      toldAt = time.now();
    } else if (time.now() - toldAt >= TELL_AGAIN_MS) {
      log.info(`Heroku is still building ${nameOf2(running)} for ${api.appName} (${ageOf(running, now())})`);
      toldAt = time.now();
    }
    waited = running;
    await time.sleep(LOOK_AGAIN_MS3, signal);
    running = runningBuild(await api.builds(BUILDS_LOOKED_AT, signal), now());
  }
  log.info(
    `Heroku builds nothing for ${api.appName} any more (waited for ${formatDuration(time.now() - began)})`
  );
}
function runningBuildError(app, build, now) {
  return new DeployError(
    "preflight-failed",
    `${underWay(app, build, now)}, and of two builds at a time the one that ends last is what runs.`,
    "Run the job again when it has ended (the app's Activity tab in Heroku's dashboard), or set `on-running-build: wait`. A `concurrency` group in the workflow keeps deploys of one app from meeting."
  );
}
var underWay = (app, build, now) => `Heroku is building ${nameOf2(build)} for ${app} already (${ageOf(build, now)})`;
function nameOf2({ id, commit: commit2 }) {
  if (commit2 === void 0 || commit2.trim() === "") return `build ${plain(id, 40)}`;
  return /^[0-9a-f]{40,64}$/.test(commit2) ? short(commit2) : plain(commit2, 40);
}
var ageOf = ({ createdAt = 0 }, now) => `began ${formatDuration(now - createdAt)} ago`;

// src/process/command.ts
import { constants as constants3 } from "node:os";
import { delimiter, join as join2, resolve } from "node:path";

// src/process/executable.ts
import { constants as constants2 } from "node:fs";
import { access as access2, stat } from "node:fs/promises";
async function executability(path) {
  try {
    if (!(await stat(path)).isFile()) return "absent";
  } catch {
    return "absent";
  }
  return access2(path, constants2.X_OK).then(
    () => "runs",
    () => "not-executable"
  );
}
function pathOf(env) {
  return Object.entries(env).find(([name3]) => name3.toLowerCase() === "path")?.[1] ?? "";
}

// src/process/process-group.ts
import { execFile, spawn } from "node:child_process";
import { join } from "node:path";

// src/process/signal-group.ts
function signalGroup(leader, name3) {
  try {
    process.kill(-leader, name3);
  } catch (error2) {
    const { code } = error2;
    if (code !== "ESRCH" && code !== "EPERM") throw error2;
  }
}

// src/process/process-group.ts
var KILL_AFTER_MS = 2e3;
var CLOSE_WITHIN_MS = 5e3;
async function runGroup(command, { time, signal }) {
  signal.throwIfAborted();
  const child = spawn(command.program, command.args, {
    cwd: command.cwd,
    env: command.env,
    stdio: command.onLine ? [command.input === void 0 ? "ignore" : "pipe", "pipe", "pipe"] : "inherit",
    detached: process.platform !== "win32",
    windowsHide: true
  });
  child.stdin?.on("error", () => {
  }).end(command.input);
  for (const name3 of ["stdout", "stderr"]) {
    if (name3 === "stdout" && command.onBytes) {
      child.stdout?.on("data", command.onBytes);
      continue;
    }
    const lines = createLineSplitter((line) => command.onLine?.(line, name3));
    child[name3]?.on("data", lines.write).on("end", lines.end);
  }
  const closed = new Promise((resolve2) => child.once("close", () => resolve2()));
  const exited = new Promise((resolve2, reject) => {
    child.once("exit", (code, name3) => resolve2({ code, ...name3 && { signal: name3 } })).once("error", reject);
  });
  if (child.pid !== void 0) command.onStart?.((name3) => sendTo(child, name3));
  let stopped;
  const stop = () => {
    stopped = endGroup2(child, exited, command.env, time);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    const ended2 = await exited;
    signal.removeEventListener("abort", stop);
    await stopped;
    await soon(closed, CLOSE_WITHIN_MS, time);
    if (stopped) signal.throwIfAborted();
    return ended2;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
async function endGroup2(child, exited, env, time) {
  if (child.pid === void 0) return;
  if (process.platform === "win32") return endTree(child.pid, env);
  signalGroup(child.pid, "SIGTERM");
  await soon(exited, KILL_AFTER_MS, time);
  signalGroup(child.pid, "SIGKILL");
}
async function soon(event, ms, time) {
  const over = new AbortController();
  const limit = time.sleep(ms, over.signal).catch(() => void 0);
  await Promise.race([event.catch(() => void 0), limit]);
  over.abort();
}
function sendTo(child, name3) {
  if (process.platform === "win32") child.kill(name3);
  else if (child.pid !== void 0) signalGroup(child.pid, name3);
}
function endTree(pid, env) {
  const root = Object.entries(env).find(([name3]) => name3.toLowerCase() === "systemroot")?.[1] ?? "C:\\Windows";
  const args = ["/pid", String(pid), "/T", "/F"];
  return new Promise((resolve2) => {
    execFile(join(root, "System32", "taskkill.exe"), args, { windowsHide: true }, () => resolve2());
  });
}

// src/process/command.ts
async function commandProblem({
  program,
  cwd,
  env
}) {
  if (process.platform === "win32") return void 0;
  const folders = program.includes("/") ? [""] : pathOf(env).split(delimiter);
  const found = /* @__PURE__ */ new Set();
  for (const folder of folders) found.add(await executability(resolve(cwd, join2(folder, program))));
  if (program !== "" && found.has("runs")) return void 0;
  return notStarted(program, program !== "" && found.has("not-executable") ? "EACCES" : "ENOENT");
}
async function runCommand(command, around) {
  try {
    const { code, signal } = await runGroup(command, around);
    if (signal !== void 0) return { code: signalCode(signal), signal };
    return { code: code ?? 1 };
  } catch (error2) {
    const { code = "", syscall = "" } = error2;
    if (!syscall.startsWith("spawn")) throw error2;
    return notStarted(command.program, code);
  }
}
function signalCode(name3) {
  return 128 + constants3.signals[name3];
}
function notStarted(program, code) {
  switch (code) {
    case "ENOENT":
      return {
        code: 127,
        problem: `there is no program ${program}${program.includes("/") ? "" : " on the PATH"}`
      };
    case "EACCES":
      return { code: 126, problem: `${program} is not executable: chmod +x makes it so` };
    default:
      return { code: 126, problem: `${program} can't be run (${code})` };
  }
}

// src/heroku/checkout.ts
import { stat as stat2 } from "node:fs/promises";

// src/heroku/git.ts
import { delimiter as delimiter2, isAbsolute, join as join3 } from "node:path";

// src/heroku/git-environment.ts
import { devNull } from "node:os";
var PASSED = /* @__PURE__ */ new Set([
  ...["path", "pathext", "home", "user", "logname", "username", "tmpdir", "tmp", "temp"],
  ...["userprofile", "homedrive", "homepath", "appdata", "localappdata", "programdata", "programfiles"],
  ...["programfiles(x86)", "systemroot", "systemdrive", "windir", "comspec", "xdg_config_home"],
  ...["http_proxy", "https_proxy", "all_proxy", "no_proxy"],
  ...["ssl_cert_file", "ssl_cert_dir", "curl_ca_bundle", "git_ssl_cainfo", "git_ssl_capath"],
  ...["git_exec_path", "git_config_global", "git_config_system", "git_config_nosystem"],
  // The checkout's own remote may be reached over SSH, when a shallow or partial clone must be completed.
  ...["ssh_auth_sock", "ssh_agent_pid", "git_ssh", "git_ssh_command", "git_ssh_variant"]
]);
function appended(env, settings) {
  const given = /^\d{1,4}$/.test(env.GIT_CONFIG_COUNT ?? "") ? Number(env.GIT_CONFIG_COUNT) : 0;
  const pairs2 = {};
  for (let i = 0; i < given; i++) {
    for (const name3 of [`GIT_CONFIG_KEY_${i}`, `GIT_CONFIG_VALUE_${i}`]) {
      if (env[name3] !== void 0) pairs2[name3] = env[name3];
    }
  }
  settings.forEach(([key, value], i) => {
    pairs2[`GIT_CONFIG_KEY_${given + i}`] = key;
    pairs2[`GIT_CONFIG_VALUE_${given + i}`] = value;
  });
  return { ...pairs2, GIT_CONFIG_COUNT: String(given + settings.length) };
}
var QUIET = [
  ["core.hooksPath", devNull],
  ["core.fsmonitor", "false"]
];
function localEnvironment(env) {
  return environment(env, QUIET);
}
function herokuEnvironment(env, remoteUrl, apiKey) {
  return environment(env, [
    ...QUIET,
    [`http.${remoteUrl}.extraHeader`, ""],
    [`http.${remoteUrl}.extraHeader`, basicHeader(apiKey)],
    // Git would take the header along to wherever it is sent.
    [`http.${remoteUrl}.followRedirects`, "false"],
    [`credential.${remoteUrl}.helper`, ""],
    ["push.pushOption", ""]
  ]);
}
function environment(env, settings) {
  const passed = {};
  for (const [name3, value] of Object.entries(env)) {
    if (value !== void 0 && PASSED.has(name3.toLowerCase())) passed[name3] = value;
  }
  return {
    ...passed,
    ...appended(env, settings),
    // Messages are read by this program, so they must not depend on the machine's language.
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "",
    GCM_INTERACTIVE: "never",
    // Off even where the machine's configuration turns them on: they would write the settings above to a file.
    GIT_TRACE2: "0",
    GIT_TRACE2_EVENT: "0",
    GIT_TRACE2_PERF: "0"
  };
}

// src/heroku/git.ts
var KEPT_LINES = 200;
var UNSTOPPED = new AbortController().signal;
var OLDEST = [2, 31];
async function createGit(place, collaborators) {
  const { env, time } = collaborators;
  const program = await findGit(env);
  const remoteUrl = `${place.gitUrl.replace(/\/+$/, "")}/${place.app}.git`;
  const local = localEnvironment(env);
  const withToken = herokuEnvironment(env, remoteUrl, place.apiKey);
  const mask = maskOf(place.apiKey);
  async function stoppable(environment2, args, signal, show2 = () => {
  }) {
    const kept = { stdout: [], stderr: [] };
    const onLine = (line, stream) => {
      const masked = mask(line);
      if (kept[stream].push(masked) > KEPT_LINES) kept[stream].shift();
      show2(masked);
    };
    const command = { program, args, cwd: place.directory, env: environment2, onLine };
    const { code } = await runGroup(command, { time, signal });
    return { code, ...kept };
  }
  return {
    remoteUrl,
    local: (...args) => stoppable(local, args, UNSTOPPED),
    async plumbing(args, signal, { input, env: own2 } = {}) {
      const pieces = [];
      const stderr = [];
      const command = {
        program,
        args,
        cwd: place.directory,
        env: { ...local, ...own2 },
        ...input !== void 0 && { input },
        onBytes: (piece) => void pieces.push(piece),
        onLine: (line) => void stderr.push(line)
      };
      const { code } = await runGroup(command, { time, signal });
      return { code, stdout: Buffer.concat(pieces), stderr: stderr.slice(-KEPT_LINES) };
    },
    fetch: (args, signal) => stoppable(local, args, signal),
    heroku: (args, signal, onLine) => stoppable(withToken, args, signal, onLine)
  };
}
async function findGit(env) {
  const name3 = process.platform === "win32" ? "git.exe" : "git";
  for (const folder of pathOf(env).split(delimiter2)) {
    if (!isAbsolute(folder)) continue;
    const candidate = join3(folder, name3);
    if (await executability(candidate) === "runs") return candidate;
  }
  throw new DeployError(
    "preflight-failed",
    "There is no git on the PATH of this runner, and the deploy is a git push.",
    "Install git 2.31 or newer before this step. A job that runs in a container needs it in the image, for example by `apt-get update && apt-get install -y git`."
  );
}
async function assertGitVersion(git) {
  const { stdout } = await git.local("--version");
  const [, major, minor] = /^git version (\d+)\.(\d+)/.exec(stdout[0] ?? "") ?? [];
  const [oldestMajor, oldestMinor] = OLDEST;
  if (Number(major) > oldestMajor || Number(major) === oldestMajor && Number(minor) >= oldestMinor) return;
  throw new DeployError(
    "preflight-failed",
    `This runner's git is too old: ${stdout[0] ?? "it does not tell its version"}.`,
    "Install git 2.31 or newer: it is the first that takes the token without writing it into a file or a command line."
  );
}

// src/heroku/checkout.ts
var FETCH_DEPTH = `Fetch the whole history in the workflow:
      - uses: actions/checkout@v5
        with:
          fetch-depth: 0`;
async function resolveCommit(git, plan, { log, signal }) {
  await assertGitVersion(git);
  if (await isShallow(git, plan.directory)) await unshallow(git, log, signal);
  signal.throwIfAborted();
  const found = await git.local(
    "rev-parse",
    "--verify",
    "--quiet",
    "--end-of-options",
    `${plan.ref}^{commit}`
  );
  signal.throwIfAborted();
  const commit2 = found.stdout[0] ?? "";
  if (found.code === 0 && /^[0-9a-f]{40,64}$/.test(commit2)) return commit2;
  throw new DeployError(
    "preflight-failed",
    `The input \`ref\` is ${JSON.stringify(plan.ref)}, and that names no commit in the checkout at ${plan.directory}.`,
    `Give a commit, branch or tag that the checkout step fetches, or leave \`ref\` out to deploy what is checked out. A branch other than the one that is checked out is called origin/<branch>. ${FETCH_DEPTH}`
  );
}
async function assertFolder(directory) {
  const folder = await stat2(directory).catch(() => void 0);
  if (folder?.isDirectory()) return;
  throw new DeployError(
    "preflight-failed",
    `The folder to deploy from, ${directory}, does not exist.`,
    "Run `actions/checkout` before this step."
  );
}
async function isShallow(git, directory) {
  const answer = await git.local("rev-parse", "--is-shallow-repository");
  if (answer.code === 0) return answer.stdout[0] === "true";
  const said2 = answer.stderr.join(" ");
  if (said2.includes("dubious ownership")) {
    throw new DeployError(
      "preflight-failed",
      `Git refuses to work in ${directory}, because the folder belongs to another user than the one who runs this step.`,
      'Trust the folder in a step before this one: `git config --global --add safe.directory "$GITHUB_WORKSPACE"`. It happens in jobs that run in a container, and on self-hosted runners.'
    );
  }
  if (said2.includes("not a git repository")) {
    throw new DeployError(
      "preflight-failed",
      `${directory} is not in a git repository.`,
      "Run `actions/checkout` before this step. In a container without git, checkout downloads the files without their history: install git before it."
    );
  }
  throw new DeployError(
    "preflight-failed",
    `Git can't read the repository in ${directory}: ${answer.stderr.at(-1) ?? `exit code ${answer.code}`}`,
    "Run `git status` in that folder to see what is wrong with it."
  );
}
async function unshallow(git, log, signal) {
  const { stdout: remotes } = await git.local("remote");
  const remote = remotes.includes("origin") ? "origin" : remotes[0];
  if (remote === void 0) throw shallow("it has no remote to fetch the rest from");
  log.info(`The checkout is a shallow clone; fetching the rest of its history from ${remote}`);
  const options = ["--unshallow", "--no-tags", "--no-recurse-submodules", "--end-of-options", remote, "HEAD"];
  const done = await git.fetch(["fetch", ...options], signal);
  if (done.code !== 0) throw shallow(done.stderr.at(-1) ?? `git ended with exit code ${done.code}`);
}
function shallow(reason) {
  return new DeployError(
    "preflight-failed",
    `The checkout is a shallow clone, Heroku takes no push from one, and its history could not be completed: ${reason}`,
    FETCH_DEPTH
  );
}

// src/heroku/standing.ts
async function readStanding(api, { log, signal }) {
  const [app, releases, formation, dynos] = await together(signal, [
    (linked) => api.app(linked),
    (linked) => api.releases(RELEASES_LOOKED_AT, linked),
    (linked) => ifAllowed(api.formation(linked)),
    (linked) => ifAllowed(api.dynos(linked))
  ]);
  if (formation === void 0 || dynos === void 0) {
    log.info(
      `The token may not read the dynos of ${app.name}: who must take part is what \`processes\` says alone`
    );
  }
  const current = releases.find((release2) => release2.current);
  return {
    app: app.name,
    appId: app.id,
    webUrl: app.webUrl ?? "",
    ...current && { currentRelease: versionName(current.version), currentReleaseId: current.id },
    ...current?.slugId && { currentSlug: current.slugId },
    newestVersion: releases[0]?.version ?? 0,
    ...formation && { formation },
    ...dynos && { dynos },
    api,
    releases
  };
}
async function ifAllowed(answer) {
  try {
    return await answer;
  } catch (error2) {
    if (error2 instanceof ApiError && error2.status === 403) return void 0;
    throw error2;
  }
}

// src/heroku/strategies/command.ts
var LOOK_AGAIN_MS4 = 2e3;
var SHOWS_WITHIN_MS = 1e4;
var SILENT_MS2 = 5 * 6e4;
async function prepareCommand(plan, { program, args }, api, collaborators) {
  const { log, time } = collaborators;
  await assertFolder(plan.directory);
  const place = { program, cwd: plan.directory, env: environmentOf(collaborators.env, plan) };
  const problem = await commandProblem(place);
  if (problem !== void 0) {
    throw new DeployError(
      "preflight-failed",
      `The deploy command can't be run: ${problem.problem}.`,
      "Correct `command` (a program on the PATH of the runner, or a path from the checkout) or `command-file`, or install the program in a step before this one."
    );
  }
  const { releases: _, ...standing } = await readStanding(api, collaborators);
  const { app, newestVersion, currentRelease } = standing;
  const mask = maskOf(plan.apiKey);
  return {
    ...standing,
    what: `${program} decides what is released`,
    commit: "",
    upToDate: false,
    async publish(signal) {
      const onLine = (line) => log.info(mask(line));
      log.info(`Running ${program}`);
      const {
        code,
        signal: by,
        problem: why
      } = await runCommand({ ...place, args, onLine }, { time, signal });
      if (code === 0) return;
      const how = why ?? (by ? `${program} was ended by ${by}` : `${program} ended with ${code}`);
      throw new DeployError(
        "command-failed",
        `The deploy command failed: ${how}.`,
        `Read its lines above. \`heroku releases --app ${app}\` tells whether it has released anything all the same.`
      );
    },
    async verify(signal) {
      if (!await madeRelease(signal)) return void 0;
      return await follow(
        {
          ...{ app, api, what: program },
          deed: program,
          ...currentRelease && { currentRelease },
          find: async ([newest2]) => newest2 && newest2.version > newestVersion ? newest2 : void 0
        },
        { ...collaborators, signal }
      );
    }
  };
  async function madeRelease(signal) {
    const began = time.now();
    for (; ; ) {
      try {
        const [newest2] = await api.releases(RELEASES_LOOKED_AT, signal);
        if (newest2 && newest2.version > newestVersion) return true;
        if (time.now() - began >= SHOWS_WITHIN_MS) break;
      } catch (error2) {
        if (!(error2 instanceof ApiError)) throw error2;
        if (!error2.passing || time.now() - began >= SILENT_MS2) throw unseen2(error2);
        log.warning(`${error2.message} A release of ${program} is still looked for`);
      }
      await time.sleep(LOOK_AGAIN_MS4, signal);
    }
    log.warning(
      `${program} ended well, and ${app} has no new release ${formatDuration(SHOWS_WITHIN_MS)} later: nothing seems to have changed`
    );
    return false;
  }
  function unseen2(cause) {
    return new DeployError(
      "failed",
      `${program} ended well, but whether ${app} has a new release can't be found out: ${cause.message}`,
      `Look at \`heroku releases --app ${app}\`: the app may run it already. ${cause.next}`,
      { cause }
    );
  }
}
var FOR_ACTIONS = /^(INPUT_|STATE_|GITHUB_STATE$|ACTIONS_(RUNTIME|RESULTS|CACHE)_)/i;
function environmentOf(env, { apiKey, app }) {
  const kept = Object.entries(env).filter(
    (entry) => entry[1] !== void 0 && !FOR_ACTIONS.test(entry[0])
  );
  return { ...Object.fromEntries(kept), HEROKU_APP: app, HEROKU_API_KEY: apiKey };
}

// src/heroku/release-phase.ts
async function assertReleasePhase(git, commit2) {
  const procfile = await git.local("show", `${commit2}:Procfile`);
  if (procfile.code === 0 && procfile.stdout.some((line) => /^release:\s*\S/.test(line))) return;
  if ((await git.local("cat-file", "-e", `${commit2}:heroku.yml`)).code === 0) return;
  throw new DeployError(
    "preflight-failed",
    procfile.code === 0 ? `The Procfile of ${short(commit2)} declares no release phase, and drain-at: release-phase has that do the drain.` : `${short(commit2)} has no Procfile, and drain-at: release-phase has the release phase of one do the drain.`,
    "Add a line to it, such as `release: deploy-gate drain --hold 10m && python manage.py migrate`, or leave drain-at out to drain before the push."
  );
}

// src/heroku/backed-off.ts
var WAITS_MS = [1e4, 2e4, 4e4];
async function backedOff(ask2, {
  app,
  what,
  again,
  tooMany: tooMany2
}, { log, time, signal, random = Math.random }) {
  let answer = await ask2();
  for (const [i, ms] of WAITS_MS.slice(0, again).entries()) {
    if (!tooMany2(answer)) break;
    const waitMs = Math.round(ms * (1 + random() / 2));
    log.info(
      `Heroku has had too many git requests for ${app}; ${what} again in ${formatDuration(waitMs)} (${i + 2} of ${again + 1})`
    );
    await time.sleep(waitMs, signal);
    answer = await ask2();
  }
  return answer;
}

// src/heroku/git-trouble.ts
var SIGNS = [
  [/concurrent builds limit/i, "too-many-builds"],
  [/too many requests|requested URL returned error: 429/i, "too-many-requests"],
  [/No such app as |repository .{0,300} not found/i, "no-such-app"],
  [
    /Authentication failed|could not read (Username|Password)|requested URL returned error: 401|Invalid credentials/i,
    "credentials"
  ],
  [/requested URL returned error: 403/i, "forbidden"],
  [/requested URL returned error: 5\d\d/i, "unwell"],
  [/SSL certificate|certificate verif|certificate problem|CAfile/i, "certificate"],
  [
    /Could not resolve|Failed to connect|Couldn't connect|Connection (refused|reset|timed out)|Operation timed out|Empty reply|unable to access|hung up unexpectedly|RPC failed|early EOF|unexpected disconnect/i,
    "network"
  ]
];
function troubleOf(lines) {
  return SIGNS.find(([sign]) => lines.some((line) => sign.test(line)))?.[1] ?? "other";
}
function adviceFor(trouble, app, remoteUrl) {
  return ADVICE[trouble](app, remoteUrl);
}
var ADVICE = {
  credentials: (app) => ({
    message: `Heroku's git does not accept the token in \`heroku-api-key\` for ${app}.`,
    next: `Make a new token with \`heroku authorizations:create\`, store it as a repository secret and pass it as \`heroku-api-key\`. The account that owns it needs the permission to deploy the app: \`heroku access:add <email> --app ${app}\`.`
  }),
  forbidden: (app) => ({
    message: `The token in \`heroku-api-key\` may not use the git repository of ${app}.`,
    next: `The account that owns the token needs the permission to deploy: \`heroku access:add <email> --app ${app}\`, in a team with the permission deploy, and the token the scope write, write-protected or global.`
  }),
  "no-such-app": (app, remoteUrl) => ({
    message: `Heroku's git knows no app of the name ${app} that this token can see (${remoteUrl}).`,
    next: "Check the spelling of `heroku-app`, and that the account that owns the token has access to the app."
  }),
  "too-many-requests": (app) => ({
    message: `Heroku has had too many git requests for ${app}.`,
    next: "Heroku takes 75 git requests an hour for each user and app. Wait some minutes and run the job again; deploy less often."
  }),
  "too-many-builds": () => ({
    message: "The Heroku account has reached its limit of concurrent builds, and nothing was built.",
    next: "Wait until the other builds have ended (`heroku builds` of the account’s other apps) and run the job again. A `concurrency` group in the workflow keeps deploys from meeting."
  }),
  certificate: (_app, remoteUrl) => ({
    message: `The certificate of ${remoteUrl} can't be verified on this runner.`,
    next: "Install the runner's CA certificates (the package ca-certificates), or name those of your proxy with GIT_SSL_CAINFO."
  }),
  unwell: (_app, remoteUrl) => ({
    message: `Heroku's git at ${remoteUrl} answers with an error of its own.`,
    next: "Look at https://status.heroku.com and run the job again when Heroku is well."
  }),
  network: (_app, remoteUrl) => ({
    message: `Heroku's git at ${remoteUrl} could not be reached.`,
    next: "Check that the runner can reach that address (a firewall, HTTPS_PROXY), look at https://status.heroku.com, and run the job again."
  }),
  other: (_app, remoteUrl) => ({
    message: `Git could not talk to ${remoteUrl}.`,
    next: "Read the lines of git above; https://status.heroku.com tells whether Heroku has a problem."
  })
};

// src/heroku/remote.ts
var LS_REMOTE_LIMIT_MS = 6e4;
var NotLetInError = class extends DeployError {
};
async function remoteHead(git, app, branch, around) {
  return headsIn(await listed(git, app, [branch], around), git, app).get(branch);
}
async function remoteHeads(git, app, around) {
  const branches = ["main", "master"];
  const answer = await backedOff(
    () => listed(git, app, branches, around),
    {
      app,
      what: "asking",
      again: 3,
      tooMany: ({ code, stderr }) => code !== 0 && troubleOf(stderr) === "too-many-requests"
    },
    around
  );
  const heads = headsIn(answer, git, app);
  return new Map(
    branches.flatMap((branch) => {
      const head = heads.get(branch);
      return head ? [[branch, head]] : [];
    })
  );
}
function chooseBranch(heads, wanted) {
  if (wanted !== "auto") return wanted;
  return !heads.has("main") && heads.has("master") ? "master" : "main";
}
function noteOnBranch(app, heads, wanted) {
  const chosen = chooseBranch(heads, wanted);
  const other = chosen === "main" ? "master" : "main";
  const otherHead = heads.get(other);
  if (otherHead === void 0) return void 0;
  if (wanted === "auto") {
    return `Heroku has both main and master of ${app} (master at ${short(otherHead)}): pushing to main. Set \`branch\` if it is deployed from master.`;
  }
  if (heads.has(chosen)) return void 0;
  return `Heroku has only ${other} of ${app} (at ${short(otherHead)}): this is the first push to ${chosen}. ${other} stays there until \`heroku repo:reset --app ${app}\` (plugin heroku-repo) empties Heroku's repository.`;
}
async function listed(git, app, branches, { time, signal }) {
  const names = branches.map((branch) => `refs/heads/${branch}`);
  try {
    return await withinLimit(
      LS_REMOTE_LIMIT_MS,
      { time, signal },
      (limit) => git.heroku(["ls-remote", "--end-of-options", git.remoteUrl, ...names], limit)
    );
  } catch (error2) {
    if (!(error2 instanceof TimeLimitError)) throw error2;
    const { next } = adviceFor("network", app, git.remoteUrl);
    throw new DeployError("preflight-failed", `${git.remoteUrl} gave no answer within 60 s.`, next);
  }
}
function headsIn(answer, git, app) {
  if (answer.code === 0) {
    return new Map(
      answer.stdout.flatMap((line) => {
        const [, commit2, branch] = /^([0-9a-f]{40,64})\trefs\/heads\/([^/]+)$/.exec(line) ?? [];
        return commit2 && branch ? [[branch, commit2]] : [];
      })
    );
  }
  const trouble = troubleOf(answer.stderr);
  const { message, next } = adviceFor(trouble, app, git.remoteUrl);
  const said2 = answer.stderr.findLast((line) => /^(fatal|error|remote):/.test(line));
  const Fault = trouble === "credentials" || trouble === "forbidden" ? NotLetInError : DeployError;
  throw new Fault("preflight-failed", said2 ? `${message} Git says: "${said2}"` : message, next);
}
async function ancestry(git, head, commit2) {
  if (head === void 0) return "fast-forward";
  const known2 = await git.local("cat-file", "-e", `${head}^{commit}`);
  if (known2.code !== 0) return "unknown-head";
  const related = await git.local("merge-base", "--is-ancestor", head, commit2);
  return related.code === 0 ? "fast-forward" : "diverged";
}

// src/heroku/rerelease.ts
var BUILDS_LOOKED_AT2 = 200;
async function slugOf(commit2, api, { releases }, signal) {
  const reader = createReleaseReader(api);
  const current = releases.filter((one) => one.current);
  for (const one of [...current, ...releases]) {
    if (one.slugId && await reader.runs(one, commit2, signal)) return one.slugId;
  }
  const builds = await api.builds(BUILDS_LOOKED_AT2, signal);
  const built = builds.find((build) => build.commit === commit2 && build.slugId !== void 0);
  if (built?.slugId) return built.slugId;
  throw new DeployError(
    "preflight-failed",
    `${api.appName} has no slug of ${short(commit2)} that could be released: it was never built, or that is too long ago.`,
    `Deploy it with \`strategy: git-push\`, or name a release whose slug is meant, such as \`slug: v41\` (\`heroku releases --app ${api.appName}\` lists them).`
  );
}
function rerelease(target, slugId, collaborators) {
  const { app, api, commit: commit2, newestVersion, currentRelease } = target;
  const what = commit2 === "" ? `slug ${short(slugId)}` : short(commit2);
  const description = `Deploy ${what}`;
  let made;
  return {
    ...target,
    async publish(signal) {
      const making = {
        description,
        newestVersion,
        // Config vars that somebody sets make a release of the same slug, too.
        isOurs: (one) => one.slugId === slugId && one.description === description,
        make: () => api.makeRelease(slugId, description, signal)
      };
      made = await release(api, making, { ...collaborators, signal });
    },
    verify: (signal) => follow(
      {
        ...{ app, api, what },
        deed: `The request to release ${what}`,
        ...currentRelease && { currentRelease },
        find: async (releases) => releases.find(({ id }) => id === made)
      },
      { ...collaborators, signal }
    )
  };
}

// src/quote.ts
function quote(text2) {
  return JSON.stringify(text2.length > 100 ? `${text2.slice(0, 100)}…` : text2);
}

// src/heroku/plumbing.ts
function createPlumbing(git, task, signal) {
  return async (args, work) => {
    const { code, stdout, stderr } = await git.plumbing(args, signal, work);
    if (code === 0) return stdout;
    const said2 = stderr.findLast((line) => /^(fatal|error):/.test(line)) ?? `exit code ${code}`;
    throw new DeployError(
      "preflight-failed",
      `Git can't ${task}: \`git ${args.find((arg) => /^[a-z]+(-[a-z]+)*$/.test(arg))}\` says ${quote(said2)}.`,
      "Run `git fsck` in the checkout to see whether something is missing there. Of a partial clone everything has to be fetched: leave `filter` of `actions/checkout` out."
    );
  };
}

// src/heroku/commit-copy.ts
var READ_AT_ONCE = 500;
var PERSON = ["AUTHOR", "COMMITTER"];
var FORMAT = "format:%H%n%an%n%ae%n%aD%n%cn%n%ce%n%cD%n%B";
function createCommitCopier(run2, expected) {
  const originals = /* @__PURE__ */ new Map();
  const places = new Map(expected.map((commit2, i) => [commit2, i]));
  async function read(commit2) {
    const place = places.get(commit2);
    const asked = place === void 0 ? [commit2] : expected.slice(place, place + READ_AT_ONCE);
    const options = ["--no-show-signature", "--encoding=UTF-8", "-z", `--format=${FORMAT}`];
    const args = ["log", "--no-walk=unsorted", "--stdin", ...options];
    const told = await run2(args, { input: `${asked.join("\n")}
` });
    for (const record of cut(told, 0)) {
      const [sha = Buffer.of(), ...fields2] = cut(record, 10, 8);
      const message = fields2.pop() ?? Buffer.of();
      const env = PERSON.flatMap((person, i) => {
        const [name3 = "", email = "", date = ""] = fields2.slice(3 * i, 3 * i + 3).map(asRead);
        return [
          [`GIT_${person}_NAME`, name3],
          [`GIT_${person}_EMAIL`, email],
          [`GIT_${person}_DATE`, date]
        ];
      });
      originals.set(sha.toString(), { env: Object.fromEntries(env), message });
    }
    const original = originals.get(commit2);
    if (original) return original;
    throw new Error(`git log has not told of ${commit2}`);
  }
  return {
    async copy(commit2, tree, parents) {
      const { env, message } = originals.get(commit2) ?? await read(commit2);
      originals.delete(commit2);
      const utf8 = ["-c", "i18n.commitEncoding=UTF-8"];
      const args = [...utf8, "commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent])];
      return (await run2(args, { input: message, env })).toString().trim();
    }
  };
}
var asRead = (line) => line.toString().replace(/\\(.?)/g, "$1");
function cut(bytes, separator, most = Number.POSITIVE_INFINITY) {
  const parts = [];
  let from = 0;
  while (parts.length < most - 1) {
    const to = bytes.indexOf(separator, from);
    if (to === -1) break;
    parts.push(bytes.subarray(from, to));
    from = to + 1;
  }
  parts.push(bytes.subarray(from));
  return parts;
}

// src/heroku/subtree-history.ts
async function splitHistory(git, { commit: commit2, folder }, { log, signal }) {
  const run2 = createPlumbing(git, `give ${folder} a history of its own`, signal);
  const became = await priorSplits(git, run2, { commit: commit2, folder }, { log, signal });
  const history = neededOf(await historyOf(run2, commit2), commit2, became);
  const folders = await treesOf(
    run2,
    history.map(([each]) => `${each}:${folder}`)
  );
  const treeIn = (each) => folders.get(`${each}:${folder}`);
  const expected = history.flatMap(
    ([each, first, ...others]) => treeIn(each) && (others.length > 0 || treeIn(first) !== treeIn(each)) ? [each] : []
  );
  const trees = /* @__PURE__ */ new Map();
  const splitting = {
    run: run2,
    copier: createCommitCopier(run2, expected),
    async treeOf(each) {
      const tree = trees.get(each) ?? (await run2(["rev-parse", "--verify", `${each}^{tree}`])).toString().trim();
      trees.set(each, tree);
      return tree;
    }
  };
  for (const [each, ...parents] of history) {
    const newParents = parents.flatMap((parent) => became.get(parent) ?? []);
    const tree = treeIn(each);
    if (tree !== void 0) {
      const made = await copyOrSkip(each, tree, newParents, splitting);
      trees.set(made, tree);
      became.set(each, made);
    } else if (newParents.length > 0) {
      became.set(each, each);
    }
  }
  const split = became.get(commit2);
  if (split !== void 0) return split;
  throw new Error(`${commit2} is not the full SHA of a commit that has ${folder}`);
}
async function historyOf(run2, commit2) {
  const listed2 = await run2(["rev-list", "--topo-order", "--reverse", "--parents", commit2]);
  const lines = listed2.toString().trimEnd().split("\n");
  return lines.map((line) => line.split(" "));
}
function neededOf(history, tip, became) {
  const needed = /* @__PURE__ */ new Set([tip]);
  const kept = history.toReversed().filter(([commit2, ...parents]) => {
    if (!needed.has(commit2) || became.has(commit2)) return false;
    for (const parent of parents) needed.add(parent);
    return true;
  });
  return kept.reverse();
}
async function treesOf(run2, names) {
  const told = await run2(["cat-file", "--batch-check=%(objecttype) %(objectname)"], {
    input: names.map((name3) => `${name3}
`).join("")
  });
  const lines = told.toString().split("\n");
  return new Map(
    names.flatMap((name3, i) => {
      const [, tree] = /^tree ([0-9a-f]{40,64})$/.exec(lines[i] ?? "") ?? [];
      return tree ? [[name3, tree]] : [];
    })
  );
}
async function priorSplits(git, run2, { commit: commit2, folder }, { log, signal }) {
  const became = /* @__PURE__ */ new Map();
  const told = await run2([
    "log",
    ...["--basic-regexp", "--grep=^git-subtree-dir: "],
    ...["--no-show-signature", "--encoding=UTF-8", "-z", "--format=format:%H%n%b"],
    commit2
  ]);
  for (const record of told.toString().split("\0")) {
    const [joint = "", ...lines] = record.split("\n");
    const values = (key) => lines.flatMap((line) => line.startsWith(`${key}: `) ? [line.slice(key.length + 2).trim()] : []);
    if (!values("git-subtree-dir").some((path) => path.replace(/\/+$/, "") === folder)) continue;
    const main = values("git-subtree-mainline").at(-1);
    const named2 = values("git-subtree-split").at(-1);
    if (!named2 || !/^[0-9a-f]{4,64}$/.test(named2)) continue;
    const found = await git.plumbing(["rev-parse", "--verify", "--quiet", `${named2}^{commit}`], signal);
    if (found.code !== 0) {
      log.info(
        `${short(joint)} has put ${short(named2)} into ${folder}, and that is not in the checkout: the folder's history begins there`
      );
      continue;
    }
    const split = found.stdout.toString().trim();
    for (const each of main ? [main, split] : [joint]) if (!became.has(each)) became.set(each, split);
  }
  return became;
}
async function copyOrSkip(commit2, tree, newParents, { run: run2, copier, treeOf }) {
  let same;
  let other;
  let needed = false;
  for (const parent of newParents) {
    if (await treeOf(parent) !== tree) other = parent;
    else if (same === void 0) same = parent;
    else if (await within2(run2, same, parent)) same = parent;
    else if (!await within2(run2, parent, same)) needed = true;
  }
  if (same !== void 0 && other !== void 0 && !needed) {
    needed = Number(await run2(["rev-list", "--count", `${same}..${other}`])) > 0;
  }
  if (same !== void 0 && !needed) return same;
  return copier.copy(commit2, tree, [...new Set(newParents)]);
}
async function within2(run2, one, two) {
  return (await run2(["rev-list", "--max-count=1", one, `^${two}`])).length === 0;
}

// src/heroku/subtree.ts
var NAMED = 10;
async function splitSubtree(git, place, { log, signal }) {
  const { commit: commit2, appDir } = place;
  const run2 = createPlumbing(git, `read the folder ${quote(appDir)}`, signal);
  await assertFolderIn(run2, commit2, appDir);
  const split = await splitHistory(git, { commit: commit2, folder: appDir }, { log, signal });
  const count2 = Number(await run2(["rev-list", "--count", split]));
  log.info(
    `${appDir} of ${short(commit2)} is ${short(split)} on its own (${count2} ${count2 === 1 ? "commit" : "commits"})`
  );
  return split;
}
async function assertFolderIn(run2, commit2, appDir) {
  const parts = appDir.split("/");
  const given = `The input \`app-dir\` is ${quote(appDir)}`;
  if (parts.some((part) => ["", ".", ".."].includes(part)) || /[\0\r\n]/.test(appDir)) {
    throw new DeployError(
      "preflight-failed",
      `${given}, which is no path of a folder in the repository.`,
      "Give the path from the top of the repository, such as `services/shop`, without `.` and `..` in it."
    );
  }
  let parent = "";
  for (const part of parts) {
    const entries2 = await entriesOf(run2, commit2, parent);
    const path = parent ? `${parent}/${part}` : part;
    const entry = entries2.find(({ name: name3 }) => name3 === path);
    if (!entry) {
      const where = parent ? `${quote(parent)} of ` : "";
      throw new DeployError(
        "preflight-failed",
        `${given}, and ${where}${short(commit2)} has no ${quote(part)}. ${foldersOf(entries2)}`,
        "Give the path of the folder from the top of the repository, in the case in which it is written there. A folder that is made by a step before this one has to be committed: what is deployed is a commit."
      );
    }
    if (entry.mode !== "040000") throw notAFolder(given, path, entry.mode, commit2);
    parent = path;
  }
}
async function entriesOf(run2, commit2, folder) {
  const listed2 = await run2(["ls-tree", "-z", "--full-tree", commit2, ...folder ? ["--", `${folder}/`] : []]);
  return listed2.toString().split("\0").flatMap((line) => {
    const [, mode, name3] = /^(\d{6}) \w+ [0-9a-f]+\t(.+)$/s.exec(line) ?? [];
    return mode && name3 ? [{ mode, name: name3 }] : [];
  });
}
function foldersOf(entries2) {
  const folders = entries2.filter(({ mode }) => mode === "040000").map(({ name: name3 }) => quote(name3));
  if (folders.length === 0) return "There is no folder at all.";
  const more = folders.length - NAMED;
  return `There are the folders ${folders.slice(0, NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
}
function notAFolder(given, path, mode, commit2) {
  const at = `${given}, and ${quote(path)} of ${short(commit2)} is`;
  if (mode === "160000") {
    return new DeployError(
      "preflight-failed",
      `${at} a submodule: its files are in a repository of their own.`,
      "Deploy from a checkout of that repository, without `app-dir`. The step's folder can be another one than that of this repository: `repository` and `path` of `actions/checkout` make one."
    );
  }
  const what = mode === "120000" ? "a symbolic link" : "a file";
  return new DeployError(
    "preflight-failed",
    `${at} ${what}, not a folder.`,
    "Give the folder that holds the app, the one with its Procfile."
  );
}

// src/heroku/up-to-date.ts
async function assertRunning(api, releases, commit2, signal) {
  const reader = createReleaseReader(api);
  const current = releases.find((release2) => release2.current);
  const running = current && await reader.runs(current, commit2, signal);
  if (running) return;
  const app = api.appName;
  const has = `Heroku's git already has ${short(commit2)}, so there is nothing to push, but ${app} does not run it`;
  const instead = current ? `${versionName(current.version)} is still what runs` : "no release is current";
  for (const release2 of releases) {
    if (running === void 0 && release2.version <= (current?.version ?? 0)) break;
    if (!await reader.runs(release2, commit2, signal)) continue;
    const version = versionName(release2.version);
    if (release2.status === "failed") {
      throw new DeployError(
        "release-failed",
        `${has}: its release ${version} failed; ${instead}.`,
        `See why with \`heroku releases:output ${version} --app ${app}\`. Then either push a new commit with the fix, or, if the cause lay outside the code, run this job again with \`up-to-date: rerelease\`: it releases what was built once more, under the gate. (\`heroku releases:retry --app ${app}\` does so without a drain.)`
      );
    }
    if (release2.status === "pending") {
      throw new DeployError(
        "preflight-failed",
        `${has} yet: its release ${version} is still in its release phase; ${instead}.`,
        `Another deploy is at it. Follow it with \`heroku releases:output ${version} --app ${app}\`, and run this job again when it has ended. A \`concurrency\` group in the workflow keeps deploys from meeting.`
      );
    }
    break;
  }
  if (running === void 0) return;
  throw new DeployError(
    "preflight-failed",
    `${has}: ${instead}, and it is another commit (${current?.description || "no description"}).`,
    `Probably the app was rolled back after that commit was deployed. \`heroku releases --app ${app}\` lists the releases: to release ${short(commit2)} again, run this job with \`up-to-date: rerelease\`, which drains the clock before; \`heroku rollback <version> --app ${app}\` goes back to it without. Or push a new commit (\`git commit --allow-empty\` makes one without a change).`
  );
}

// src/heroku/preflight.ts
async function preflight(plan, api, collaborators) {
  const { signal } = collaborators;
  await assertFolder(plan.directory);
  const git = await createGit(plan, collaborators);
  const [{ releases, ...standing }, newestBuild, { commit: commit2, what }, heads] = await together(signal, [
    (linked) => readStanding(api, { ...collaborators, signal: linked }),
    (linked) => newestBuildOf(api, linked),
    (linked) => commitOf(git, plan, { ...collaborators, signal: linked }),
    (linked) => headsOf(git, plan, { ...collaborators, signal: linked })
  ]);
  const branch = chooseBranch(heads, plan.branch);
  const note = noteOnBranch(plan.app, heads, plan.branch);
  if (note !== void 0) collaborators.log.info(note);
  const head = heads.get(branch);
  const upToDate = head === commit2;
  let slug;
  if (!upToDate) await assertPushable(git, { ...plan, branch }, head, commit2, collaborators);
  else if (plan.upToDate === "rerelease") slug = await slugOf(commit2, api, { releases }, signal);
  else await assertRunning(api, releases, commit2, signal);
  if (!upToDate && plan.drainAt === "release-phase") await assertReleasePhase(git, commit2);
  signal.throwIfAborted();
  return {
    ...standing,
    ...{ branch, commit: commit2, what, upToDate, git },
    forcePush: plan.forcePush,
    ...head && { head },
    ...newestBuild && { newestBuild },
    ...slug !== void 0 && { slug }
  };
}
async function headsOf(git, { app, dryRun }, collaborators) {
  try {
    return await remoteHeads(git, app, collaborators);
  } catch (error2) {
    if (!dryRun || !(error2 instanceof NotLetInError)) throw error2;
    collaborators.log.warning(
      `${error2.message} A deploy with this token would fail here; whether there is anything to push is not known. ${error2.next}`
    );
    return /* @__PURE__ */ new Map();
  }
}
async function commitOf(git, plan, collaborators) {
  const { ref, appDir, directory } = plan;
  const commit2 = await resolveCommit(git, plan, collaborators);
  if (appDir === void 0) return { commit: commit2, what: `${ref} is ${short(commit2)}` };
  const split = await splitSubtree(git, { commit: commit2, appDir, directory }, collaborators);
  return { commit: split, what: `${appDir} of ${ref} (${short(commit2)}) is ${short(split)}` };
}
async function newestBuildOf(api, signal) {
  try {
    const build = await api.newestBuild(signal);
    return build ? { id: build.id } : {};
  } catch (error2) {
    if (error2 instanceof ApiError) return void 0;
    throw error2;
  }
}
async function assertPushable(git, plan, head, commit2, { log }) {
  const related = await ancestry(git, head, commit2);
  if (related === "fast-forward" || head === void 0) return;
  const there = `${plan.branch} of ${plan.app} at Heroku is at ${short(head)}`;
  const why = related === "diverged" ? `which is not an ancestor of ${short(commit2)}` : `a commit that this checkout doesn't have, so ${short(commit2)} does not build on it`;
  if (plan.forcePush) {
    log.warning(`${there}, ${why}: it will be replaced, as \`force-push: true\` asks for`);
    return;
  }
  throw new DeployError(
    "preflight-failed",
    `Pushing ${short(commit2)} would drop commits: ${there}, ${why}.`,
    `If what is at Heroku is meant to be replaced, set \`force-push: true\`. Otherwise merge it first: \`git fetch ${git.remoteUrl} ${plan.branch}\` and \`git merge FETCH_HEAD\`. If this commit is simply older than what runs (a job that was run again), deploy the newest commit.`
  );
}

// src/heroku/classify.ts
var REFUSED_BEFORE = [
  "credentials",
  "forbidden",
  "no-such-app",
  "too-many-requests",
  "certificate"
];
var BROKE_OFF = /RPC failed|hung up unexpectedly|unexpected disconnect|early EOF/i;
var THROTTLED = /RPC failed; HTTP 429\b/;
var BUILD_LINE = /^remote: +-{3,5}> /;
var BUILT = /^remote: +-{3,5}> |failed to compile|Push rejected, |Build failed/i;
var STILL_RUNS = "Nothing was released: what ran before still runs.";
function classify(result, attempted) {
  const line = refLine(result.stdout, attempted.branch);
  const said2 = result.stderr.filter((text2) => !text2.startsWith("error: failed to push some refs"));
  if (line?.flag === "!") return rejected(line.summary, said2, attempted);
  if (result.code === 0 && line?.flag === "=") return { kind: "up-to-date" };
  if (result.code === 0 && line) return { kind: "pushed" };
  const throttled = said2.find((text2) => THROTTLED.test(text2));
  const begun = line !== void 0 || said2.some((text2) => text2.startsWith("remote:"));
  if (throttled && !begun) return tooMany(throttled, attempted);
  const reason = said2.findLast((text2) => /^(error|fatal):/.test(text2)) ?? ended(result.code);
  if (line || said2.some((text2) => BROKE_OFF.test(text2))) return { kind: "unknown", reason };
  const trouble = troubleOf(said2);
  const atFirst = said2.some((text2) => text2.includes("unable to access"));
  if (!REFUSED_BEFORE.includes(trouble) && !atFirst) return { kind: "unknown", reason };
  if (trouble === "too-many-requests" && atFirst) return tooMany(reason, attempted);
  return refusedBefore(trouble, reason, attempted);
}
function refusedBefore(trouble, reason, { app, remoteUrl }) {
  const { message, next } = adviceFor(trouble, app, remoteUrl);
  return failed("push-failed", `${message} Nothing was pushed. Git says: "${reason}"`, next);
}
var tooMany = (reason, attempted) => ({
  ...refusedBefore("too-many-requests", reason, attempted),
  tooMany: true
});
var ended = (code) => code === null ? "git was ended from outside" : `git ended with exit code ${code} and without a word on the branch`;
function refLine(lines, branch) {
  for (const line of lines) {
    const [, flag, to, summary2] = /^([ +*=!-])\t[^\t]*:([^\t:]*)\t(.*)$/.exec(line) ?? [];
    if (flag && summary2 !== void 0 && to === `refs/heads/${branch}`) return { flag, summary: summary2 };
  }
  return void 0;
}
function rejected(summary2, said2, attempted) {
  const { app, branch, commit: commit2, remoteUrl } = attempted;
  const push2 = `The push of ${short(commit2)} to ${branch} of ${app}`;
  if (summary2.startsWith("[remote failure]")) return { kind: "unknown", reason: summary2 };
  if (/stale info/.test(summary2)) {
    return failed(
      "push-failed",
      `${push2} was refused: somebody else has pushed since this deploy looked, and a forced push replaces only what it has seen.`,
      "See what is there now (`heroku releases`), and run the job again if it is still meant to be replaced. A `concurrency` group in the workflow keeps deploys from meeting."
    );
  }
  if (/non-fast-forward|fetch first|needs force/.test(summary2)) {
    return failed(
      "push-failed",
      `${push2} was refused: Heroku has a commit there that this one doesn't build on. Somebody has pushed since this deploy looked.`,
      "Merge what is at Heroku, or set `force-push: true` if it is meant to be replaced. A `concurrency` group in the workflow keeps deploys from meeting."
    );
  }
  if (/shallow/.test(summary2)) {
    return failed(
      "push-failed",
      `${push2} was refused: the checkout is a shallow clone.`,
      "Set `fetch-depth: 0` on `actions/checkout`."
    );
  }
  const remark = remarkOf(said2);
  const quote2 = remark ? ` Heroku says: "${remark}"` : ` Git says: "${summary2}"`;
  const trouble = troubleOf(said2);
  const began = said2.some((text2) => BUILD_LINE.test(text2));
  if (!began && (trouble === "too-many-builds" || trouble === "too-many-requests")) {
    const { message, next } = adviceFor(trouble, app, remoteUrl);
    const refused2 = failed("push-failed", `${message}${quote2}`, next);
    return trouble === "too-many-requests" ? { ...refused2, tooMany: true } : refused2;
  }
  if (/hook declined/.test(summary2) && said2.some((text2) => BUILT.test(text2))) {
    return failed(
      "build-failed",
      `The build of ${short(commit2)} for ${app} failed.${quote2}`,
      `Read the build's lines above, from the first error on, and push a commit that mends it. ${STILL_RUNS}`
    );
  }
  if (/hook declined/.test(summary2)) {
    return failed(
      "push-failed",
      `${push2} was refused before a build began.${quote2}`,
      `Read Heroku's lines above; https://status.heroku.com tells whether Heroku has a problem. ${STILL_RUNS}`
    );
  }
  return failed(
    "push-failed",
    `${push2} was refused.${quote2}`,
    `Another push may have been at work at the same time: look at \`heroku releases --app ${app}\` and run the job again. ${STILL_RUNS}`
  );
}
function remarkOf(said2) {
  const marked = said2.findLast((line) => /^remote: +!\s+\S/.test(line));
  return marked?.replace(/^remote: +!\s+/, "");
}
function failed(outcome, message, next) {
  return { kind: "failed", error: new DeployError(outcome, message, next) };
}

// src/heroku/settle.ts
var LOOK_AGAIN_MS5 = 5e3;
var NO_SIGN_MS = 6e4;
var BUILDING_MS = 20 * 6e4;
async function settle(target, reason, collaborators) {
  const { log, time, signal } = collaborators;
  const { app, commit: commit2 } = target;
  log.warning(`The push broke off (${reason}); asking Heroku what became of it`);
  const reader = createReleaseReader(target.api);
  const began = time.now();
  let limitMs = NO_SIGN_MS;
  let first = true;
  let building = false;
  let trouble;
  for (; ; ) {
    const last = time.now() - began >= limitMs;
    try {
      const sign = await lookFor2(target, reader, first || last, collaborators);
      if (sign === "arrived") {
        log.info(`${short(commit2)} has arrived at Heroku all the same`);
        return;
      }
      if (sign === "build" && !building) {
        building = true;
        limitMs = BUILDING_MS;
        log.info(`Heroku is still building ${short(commit2)}; waiting for it`);
      }
      if (sign === "built" && building) {
        building = false;
        limitMs = time.now() - began + NO_SIGN_MS;
      }
      trouble = void 0;
    } catch (error2) {
      signal.throwIfAborted();
      if (!(error2 instanceof DeployError) || error2.outcome === "build-failed") throw error2;
      trouble = error2;
    }
    if (last) break;
    first = false;
    await time.sleep(LOOK_AGAIN_MS5, signal);
  }
  const waited = formatDuration(time.now() - began);
  const asked = trouble ? `and what became of it can't be found out: ${trouble.message}` : `and Heroku shows no sign of ${short(commit2)} after ${waited}.`;
  throw new DeployError(
    "push-failed",
    `The push to ${app} broke off (git says: "${reason}"), ${asked}`,
    `Look at \`heroku releases --app ${app}\` before you run the job again: a build may still be under way. If the commit has arrived by then, the next run says so and pushes nothing.`,
    { cause: trouble }
  );
}
async function lookFor2(target, reader, askGit, collaborators) {
  const { api, app, branch, commit: commit2, git, newestVersion } = target;
  const { signal } = collaborators;
  const sign = await buildSign(target, signal);
  if (askGit || sign === "built") {
    const head = await remoteHead(git, app, branch, collaborators);
    if (head === commit2) return "arrived";
  }
  const releases = await api.releases(RELEASES_LOOKED_AT, signal);
  const release2 = await findRelease(reader, releases, { commit: commit2, newerThan: newestVersion }, signal);
  return release2 ? "arrived" : sign;
}
async function buildSign(target, signal) {
  const { api, app, commit: commit2, newestBuild } = target;
  if (newestBuild === void 0) return "none";
  const build = await api.newestBuild(signal);
  if (!build || build.id === newestBuild.id) return "none";
  if (build.commit !== void 0 && build.commit !== commit2) return "none";
  if (build.status === "pending") return "build";
  if (build.status === "succeeded") return "built";
  throw new DeployError(
    "build-failed",
    `The connection to Heroku broke off during the push, and the build of ${short(commit2)} for ${app} failed.`,
    `Heroku keeps the build's lines: see the Activity tab of ${app} in Heroku's dashboard. Push a commit that mends it. Nothing was released: what ran before still runs.`
  );
}

// src/heroku/push.ts
var RELEASE_PHASE = /^remote: +Running release command\.{3}/;
async function push(target, collaborators) {
  const { app, branch, commit: commit2, head, forcePush, git } = target;
  const { log, signal } = collaborators;
  const name3 = `refs/heads/${branch}`;
  let phase = false;
  log.info(`Pushing ${short(commit2)} to ${branch} of ${app}`);
  const attempt = async () => {
    const result = await git.heroku(
      [
        "push",
        "--porcelain",
        // Settings of the checkout or the machine that are not meant for a deploy.
        ...["--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no"],
        ...forcePush ? [`--force-with-lease=${name3}:${head ?? ""}`] : [],
        git.remoteUrl,
        `${commit2}:${name3}`
      ],
      signal,
      (line) => {
        phase ||= RELEASE_PHASE.test(line);
        log.info(line);
      }
    );
    return classify(result, { app, branch, commit: commit2, remoteUrl: git.remoteUrl });
  };
  const verdict = await backedOff(
    attempt,
    {
      app,
      what: "pushing",
      again: 2,
      tooMany: (verdict2) => verdict2.kind === "failed" && verdict2.tooMany === true
    },
    collaborators
  );
  if (verdict.kind === "failed") throw verdict.error;
  if (verdict.kind === "unknown") {
    await settle(target, verdict.reason, collaborators);
    return false;
  }
  if (verdict.kind === "up-to-date") log.warning(`Somebody else has pushed ${short(commit2)} in the meantime`);
  return phase;
}

// src/heroku/strategies/git-push.ts
async function prepareGitPush(plan, api, collaborators) {
  const target = await preflight(plan, api, collaborators);
  if (target.slug !== void 0) return rerelease(target, target.slug, collaborators);
  let printed = false;
  return {
    ...target,
    async publish(signal) {
      printed = await push(target, { ...collaborators, signal });
    },
    verify: (signal) => followPush(target, printed, { ...collaborators, signal })
  };
}
function followPush(target, printed, collaborators) {
  const { app, api, commit: commit2, newestVersion, currentRelease } = target;
  const reader = createReleaseReader(api);
  return follow(
    {
      ...{ app, api, printed },
      what: short(commit2),
      deed: `The push of ${short(commit2)}`,
      ...currentRelease && { currentRelease },
      find: (releases, signal) => findRelease(reader, releases, { commit: commit2, newerThan: newestVersion }, signal),
      remedy: `Then push a new commit with the fix, or, if the cause lay outside the code, run this job again with \`up-to-date: rerelease\`: it releases what was built once more, under the gate. (\`heroku releases:retry --app ${app}\` does so without a drain; the job as it is pushes nothing, since Heroku has the commit.)`
    },
    collaborators
  );
}

// src/heroku/promotion.ts
var POLL_MS2 = 2e3;
async function promote(api, promotion, name3, sought, collaborators) {
  const { log, signal } = collaborators;
  let id;
  try {
    log.info(`Promoting ${name3} to ${api.appName}`);
    id = await api.promote(promotion, signal);
  } catch (error2) {
    const failure = notPromoted(error2);
    if (!(error2 instanceof ApiError && error2.unknown)) throw failure;
    const made = await lookFor(api, error2, sought, collaborators);
    if (made === void 0) throw failure;
    return made.id;
  }
  try {
    return await targetRelease(api, id, promotion.targetAppId, name3, collaborators);
  } catch (error2) {
    signal.throwIfAborted();
    if (!(error2 instanceof ApiError)) throw error2;
    log.warning(`${error2.message} The promotion is under way, and its release is looked for`);
    return void 0;
  }
}
async function targetRelease(api, id, targetAppId, name3, { time, signal }) {
  for (; ; ) {
    const target = (await api.promotionTargets(id, signal)).find(({ appId }) => appId === targetAppId);
    if (target?.releaseId !== void 0) return target.releaseId;
    if (target?.status === "failed") {
      throw new DeployError(
        "promotion-failed",
        `Heroku could not promote ${name3} to ${api.appName}${target.error ? `: "${target.error}"` : "."}`,
        `Nothing was released: what ran before still runs. \`heroku releases --app ${api.appName}\` shows what is there.`
      );
    }
    if (target?.status === "succeeded") return void 0;
    await time.sleep(POLL_MS2, signal);
  }
}
function notPromoted(error2) {
  if (!(error2 instanceof ApiError)) return error2;
  return new DeployError("promotion-failed", error2.message, error2.next, { cause: error2 });
}

// src/heroku/strategies/promote.ts
async function preparePromotion(plan, from, api, collaborators) {
  const { signal } = collaborators;
  const sourceApi = createPlatformApi({ ...plan, app: from }, collaborators);
  const [{ releases, ...standing }, source, ours, theirs] = await together(signal, [
    (linked) => readStanding(api, { ...collaborators, signal: linked }),
    (linked) => readSource(sourceApi, linked),
    (linked) => api.pipeline(linked),
    (linked) => sourceApi.pipeline(linked)
  ]);
  const { app, newestVersion, currentRelease } = standing;
  if (ours === void 0 || theirs?.pipelineId !== ours.pipelineId) throw notCoupled(app, from, ours, theirs);
  const { slugId, version, commit: commit2 } = source;
  const name3 = `v${version} of ${from}`;
  const reader = createReleaseReader(api);
  const current = releases.find((one) => one.current);
  const runs = (release2, until) => commit2 !== "" ? reader.runs(release2, commit2, until) : Promise.resolve(void 0);
  const upToDate = current !== void 0 && (current.slugId === slugId || await runs(current, signal));
  let made;
  return {
    ...standing,
    what: commit2 === "" ? name3 : `${name3} is ${short(commit2)}`,
    commit: commit2,
    upToDate: upToDate === true,
    async publish(until) {
      await assertSame(sourceApi, source, until);
      const promotion = {
        pipelineId: ours.pipelineId,
        sourceAppId: source.appId,
        targetAppId: standing.appId
      };
      made = await promote(api, promotion, name3, sought(until), { ...collaborators, signal: until });
    },
    verify: (until) => follow(
      {
        ...{ app, api, what: name3 },
        deed: `The promotion of ${name3}`,
        ...currentRelease && { currentRelease },
        async find(all) {
          if (made !== void 0) return all.find(({ id }) => id === made);
          for (const one of all.toReversed()) if (await isOurs(one, until)) return one;
          return void 0;
        }
      },
      { ...collaborators, signal: until }
    )
  };
  function sought(until) {
    return { newestVersion, isOurs: (one) => isOurs(one, until) };
  }
  async function isOurs(release2, until) {
    if (release2.version <= newestVersion) return false;
    return release2.description.startsWith(`Promote ${from} v`) || await runs(release2, until) === true;
  }
}
async function readSource(api, signal) {
  const [{ id: appId }, releases] = await together(signal, [
    (linked) => api.app(linked),
    (linked) => api.releases(RELEASES_LOOKED_AT, linked)
  ]).catch((error2) => {
    throw error2 instanceof ApiError && error2.status === 404 ? unknownSource(api.appName, error2) : error2;
  });
  const current = releases.find((release2) => release2.current);
  if (current?.slugId) {
    const commit2 = await createReleaseReader(api).slugCommit(current.slugId, signal) ?? "";
    return { appId, version: current.version, slugId: current.slugId, commit: commit2 };
  }
  throw new DeployError(
    "preflight-failed",
    current ? `${api.appName}, which \`promote-from\` names, runs v${current.version}, and that is no slug that could be promoted.` : `${api.appName}, which \`promote-from\` names, runs no release that could be promoted.`,
    "Deploy it first. Container images are promoted by `strategy: command`."
  );
}
function unknownSource(from, cause) {
  return new DeployError(
    "preflight-failed",
    `Heroku knows no app of the name ${from}, which \`promote-from\` names, that this token can see.`,
    `Check the spelling of \`promote-from\`, and that the account that owns the token has access to the app: \`heroku access:add <email> --app ${from}\`.`,
    { cause }
  );
}
function notCoupled(app, from, ours, theirs) {
  const alone = [...ours ? [] : [app], ...theirs ? [] : [from]];
  const why = alone.length === 0 ? `${from} and ${app} are in different pipelines` : `${alone.join(" and ")} ${alone.length > 1 ? "are" : "is"} in no pipeline`;
  return new DeployError(
    "preflight-failed",
    `${why}, and a promotion goes from one app of a pipeline to another.`,
    `Put both into one: \`heroku pipelines:add <pipeline> --app ${alone[0] ?? app}\`; \`promote-from\` names the app that it comes from.`
  );
}
async function assertSame(api, { slugId, version }, signal) {
  const releases = await api.releases(RELEASES_LOOKED_AT, signal).catch((error2) => {
    throw notPromoted(error2);
  });
  const now = releases.find((release2) => release2.current);
  if (now?.slugId === slugId) return;
  throw new DeployError(
    "promotion-failed",
    `${api.appName} ran v${version} when this deploy began, and ${now ? `runs v${now.version}` : "runs no release"} by now: it was not promoted.`,
    "Run the job again to promote what it runs now. Nothing was released: what ran before still runs."
  );
}

// src/heroku/strategies/slug.ts
async function prepareSlug(plan, wanted, api, collaborators) {
  const { signal } = collaborators;
  const { releases, ...standing } = await readStanding(api, collaborators);
  const { id, commit: commit2, name: name3 } = await find();
  return rerelease(
    {
      ...standing,
      what: `${name3} is ${commit2 === "" ? "of a commit that Heroku does not tell" : short(commit2)}`,
      commit: commit2,
      upToDate: standing.currentSlug === id
    },
    id,
    collaborators
  );
  async function find() {
    if (wanted === "") {
      await assertFolder(plan.directory);
      const git = await createGit(plan, collaborators);
      const commit3 = await resolveCommit(git, plan, collaborators);
      return { id: await slugOf(commit3, api, { releases }, signal), commit: commit3, name: plan.ref };
    }
    const id2 = wanted.startsWith("v") ? await slugOfRelease(api, wanted, signal) : wanted;
    const name4 = wanted.startsWith("v") ? `the slug of ${wanted}` : `slug ${short(id2)}`;
    return { id: id2, commit: await commitOf2(api, id2, wanted, signal), name: name4 };
  }
}
async function slugOfRelease(api, version, signal) {
  const release2 = await api.release(Number(version.slice(1)), signal).catch((error2) => {
    throw error2 instanceof ApiError && error2.status === 404 ? unknownSlug(api, version, "there is no such release") : error2;
  });
  if (release2.slugId) return release2.slugId;
  throw unknownSlug(api, version, "that release runs no slug (a container image, or nothing yet)");
}
async function commitOf2(api, id, wanted, signal) {
  try {
    return await api.slugCommit(id, signal) ?? "";
  } catch (error2) {
    if (!(error2 instanceof ApiError) || error2.status !== 404) throw error2;
    throw unknownSlug(api, wanted, "Heroku has no such slug (any more)");
  }
}
function unknownSlug(api, wanted, why) {
  return new DeployError(
    "preflight-failed",
    `The input \`slug\` is ${wanted}, and nothing can be released by that: ${why}.`,
    `\`heroku releases --app ${api.appName}\` lists the releases of ${api.appName}. Give one that was built, such as v41, or a slug's id.`
  );
}

// src/heroku/heroku.ts
function openHeroku(plan, { mask, ...given }) {
  for (const secret of secretsOf(plan.apiKey)) mask(secret);
  assertApiKey(plan.apiKey);
  let told = given.log;
  const log = { info: (line) => told.info(line), warning: (line) => told.warning(line) };
  const collaborators = { ...given, log, hide: maskOf(plan.apiKey) };
  const api = createPlatformApi(plan, collaborators);
  return {
    tellTo(to) {
      told = to;
    },
    async preflight() {
      const prepared = await preparedBetweenBuilds(plan, api, collaborators);
      let ours;
      return {
        ...prepared,
        async verify(signal) {
          ours = await prepared.verify(signal);
          return ours;
        },
        rollBack: (signal) => rollBack(prepared, ours, { ...collaborators, signal })
      };
    },
    configVar: (name3) => configVar(api, name3, collaborators.signal),
    dynosUp: (release2, waitMs, signal) => dynosUp(api, release2, waitMs, { ...collaborators, signal }),
    inDyno: (command, onLine, signal) => openInDyno(api, command, { ...collaborators, signal }, onLine)
  };
}
async function preparedBetweenBuilds(plan, api, collaborators) {
  const [running, prepared] = await together(collaborators.signal, [
    (linked) => buildUnderWay(api, linked),
    (linked) => prepare(plan, api, { ...collaborators, signal: linked })
  ]);
  if (running === void 0) return prepared;
  if (plan.onRunningBuild === "fail") throw runningBuildError(plan.app, running, Date.now());
  await awaitBuild(api, running, collaborators);
  return await prepare(plan, api, collaborators);
}
async function buildUnderWay(api, signal) {
  try {
    return runningBuild(await api.builds(BUILDS_LOOKED_AT, signal), Date.now());
  } catch (error2) {
    if (error2 instanceof ApiError && error2.status === 403) return void 0;
    throw error2;
  }
}
function prepare(plan, api, collaborators) {
  const { strategy } = plan;
  switch (strategy.kind) {
    case "git-push":
      return prepareGitPush(plan, api, collaborators);
    case "promote":
      return preparePromotion(plan, strategy.from, api, collaborators);
    case "slug":
      return prepareSlug(plan, strategy.slug, api, collaborators);
    case "command":
      return prepareCommand(plan, strategy, api, collaborators);
  }
}

// src/time.ts
import { setTimeout as delay } from "node:timers/promises";
var systemTime = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    try {
      await delay(ms, void 0, signal ? { signal } : {});
    } catch (error2) {
      signal?.throwIfAborted();
      throw error2;
    }
  }
};

// src/deploy/github.ts
function askerOfJob(env) {
  const { GITHUB_ACTOR: actor, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run2 } = env;
  const server = env.GITHUB_SERVER_URL;
  const name3 = [actor, repository].filter(Boolean).join(", ");
  return {
    ...name3 && { name: name3 },
    ...server && repository && run2 && { runUrl: `${server}/${repository}/actions/runs/${run2}` }
  };
}

// src/deploy/processes.ts
var MOST_OF_A_TYPE = 1e3;
var RULE = `process types of the Procfile by comma or line, each with an optional number from 1 to ${MOST_OF_A_TYPE}, such as clock, worker=3`;
function parseProcesses(text2) {
  const problems = [];
  const entries2 = text2.split(/[,\n]/).map((entry) => entry.trim()).filter((entry) => entry !== "");
  const asked = entries2.flatMap((entry) => {
    const [, type, number] = /^([A-Za-z0-9_-]{1,100}?)(?:\s*=\s*(\d{1,4}))?$/.exec(entry) ?? [];
    const atLeast = number === void 0 ? 1 : Number(number);
    if (type !== void 0 && atLeast >= 1 && atLeast <= MOST_OF_A_TYPE) {
      return [{ type, atLeast, demanded: number !== void 0 }];
    }
    problems.push(`has the entry ${quote(entry)}. Expected ${RULE}`);
    return [];
  });
  const twice = asked.find(({ type }, index) => asked.findIndex((other) => other.type === type) !== index);
  if (twice !== void 0) problems.push(`names ${twice.type} twice. Expected each type once`);
  if (entries2.length === 0) problems.push(`names nobody. Expected ${RULE}`);
  return { asked, problems };
}

// src/protocol/keys.ts
var GATE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
var GATE_NAME_RULE = "1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit";
function isGateName(name3) {
  return GATE_NAME.test(name3);
}
function gatePrefix(name3) {
  if (!isGateName(name3)) throw new RangeError(`gate name ${JSON.stringify(name3)}: expected ${GATE_NAME_RULE}`);
  return `deploy-gate:{${name3}}`;
}
function gateKeys(name3) {
  const prefix = gatePrefix(name3);
  return {
    intent: `${prefix}:intent`,
    epoch: `${prefix}:epoch`,
    roster: `${prefix}:roster`,
    announced: `${prefix}:announced`,
    doorbell: `${prefix}:doorbell`,
    reports: `${prefix}:reports`
  };
}

// src/redis/topology-url.ts
var SCHEME = /^(rediss?)\+(sentinel|cluster):\/\//i;
var DEFAULT_PORT = { sentinel: 26379, cluster: 6379 };
var SENTINEL_LOGIN = { "sentinel-user": "username", "sentinel-password": "password" };
function parseTopologyUrl(text2) {
  const [start, scheme, given] = SCHEME.exec(text2) ?? [];
  if (start === void 0 || given === void 0) return void 0;
  const kind = given.toLowerCase();
  if (/[\s#]/.test(text2)) throw new RangeError("it holds a blank or a #, which must be percent-encoded");
  const [, authority = "", path = "", query] = /^([^/?]*)([^?]*)(?:\?(.*))?$/.exec(text2.slice(start.length)) ?? [];
  const at = authority.lastIndexOf("@");
  const login = readLogin(at < 0 ? "" : authority.slice(0, at));
  const hosts = authority.slice(at + 1).split(",").map((host) => readHost(host, DEFAULT_PORT[kind]));
  const [first] = hosts;
  const address = { ...first, tls: scheme?.toLowerCase() === "rediss", ...login.given };
  if (kind === "cluster") {
    if (!/^\/?0?$/.test(path)) throw new RangeError("it names a database, and a cluster has database 0 alone");
    if (query !== void 0) throw new RangeError("it has a query, and a cluster has none");
    return { address: { ...address, db: 0, topology: { kind, hosts } }, secrets: login.secrets };
  }
  const [, written = "", db = ""] = /^\/([^/]*)(?:\/(\d{0,5}))?$/.exec(path) ?? [];
  const primary = decoded(written, "its primary's name");
  if (!/^[\w.-]+$/.test(primary))
    throw new RangeError(
      "its path is not the sentinels' name for the primary, or that and the number of a database"
    );
  const sentinel = readQuery(query ?? "");
  const topology = { kind, hosts, primary, ...sentinel.given };
  return {
    address: { ...address, db: Number(db), topology },
    secrets: [...login.secrets, ...sentinel.secrets]
  };
}
function readLogin(text2) {
  const colon = text2.indexOf(":");
  const [user, password] = colon < 0 ? [text2, ""] : [text2.slice(0, colon), text2.slice(colon + 1)];
  return loginOf(user, password, "its user name or password");
}
function readQuery(text2) {
  const found = { username: "", password: "" };
  for (const part of text2.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name3 = equals < 0 ? part : part.slice(0, equals);
    if (!Object.hasOwn(SENTINEL_LOGIN, name3))
      throw new RangeError("its query holds more than sentinel-user and sentinel-password");
    found[SENTINEL_LOGIN[name3]] = equals < 0 ? "" : part.slice(equals + 1);
  }
  return loginOf(found.username, found.password, "the sentinels' user name or password in its query");
}
function loginOf(user, password, what) {
  const secret = decoded(password, what);
  return {
    given: {
      ...user !== "" && { username: decoded(user, what) },
      ...password !== "" && { password: secret }
    },
    secrets: password === "" ? [] : [secret, password]
  };
}
function readHost(text2, defaultPort) {
  const [, bracketed, plain2, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text2) ?? [];
  const host = bracketed ?? plain2;
  if (host === void 0)
    throw new RangeError("it names no host, or one that is none: host[:port], commas between");
  const number = port === void 0 ? defaultPort : Number(port);
  if (number < 1 || number > 65535) throw new RangeError("one of its ports is not between 1 and 65535");
  return { host, port: number };
}
function decoded(text2, what) {
  try {
    return decodeURIComponent(text2);
  } catch {
    throw new RangeError(`${what} is not percent-encoded`);
  }
}

// src/redis/address.ts
var REDIS_URL_RULE = "redis://[user:password@]host[:port][/db], rediss:// for TLS, redis+sentinel:// or redis+cluster:// as docs/redis.md has it";
function parseRedisUrl(text2) {
  return parseTopologyUrl(text2)?.address ?? parseServerUrl(text2);
}
function parseServerUrl(text2) {
  let url;
  try {
    url = new URL(text2);
  } catch {
    if (/^rediss?:\/\/[^/?#]*,/i.test(text2))
      throw new RangeError(
        "it is not a URL of one server; several hosts need redis+sentinel:// or redis+cluster://"
      );
    throw new RangeError("it is not a URL");
  }
  const other = /^rediss?-(sentinel|cluster):$/.exec(url.protocol)?.[1];
  if (other) throw new RangeError(`it must begin with redis+${other}://, with a plus, or rediss+${other}://`);
  if (url.protocol !== "redis:" && url.protocol !== "rediss:")
    throw new RangeError("it begins with neither redis:// nor rediss://");
  if (!url.hostname) throw new RangeError("it names no host");
  const db = url.pathname.replace(/^\//, "");
  if (!/^\d{0,5}$/.test(db)) throw new RangeError("its path is not the number of a database");
  try {
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port === "" ? 6379 : Number(url.port),
      tls: url.protocol === "rediss:",
      ...url.username && { username: decodeURIComponent(url.username) },
      ...url.password && { password: decodeURIComponent(url.password) },
      db: Number(db)
    };
  } catch {
    throw new RangeError("its user name or password is not percent-encoded");
  }
}
function secretsOfRedisUrl(text2) {
  const topology = parseTopologyUrl(text2);
  if (topology) return [.../* @__PURE__ */ new Set([text2, ...topology.secrets])];
  const { password } = parseServerUrl(text2);
  if (password === void 0) return [text2];
  const written = /^[^:]+:\/\/[^:]*:(.*)@/.exec(text2)?.[1] ?? password;
  return [.../* @__PURE__ */ new Set([text2, password, written, new URL(text2).password])];
}
function describeAddress({ host, port, tls, topology }) {
  const what = topology === void 0 ? "Redis" : topology.kind === "cluster" ? "Redis Cluster" : `Redis primary ${topology.primary} of the sentinels`;
  const more = topology && topology.hosts.length > 1 ? ` and ${topology.hosts.length - 1} more` : "";
  return `${what} at ${describeHost({ host, port })}${more}${tls ? " (TLS)" : ""}`;
}
function describeHost({ host, port }) {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
function schemeOf({ tls, topology }) {
  return `${tls ? "rediss" : "redis"}${topology ? `+${topology.kind}` : ""}://`;
}

// src/redis/fingerprint.ts
var FINGERPRINT_RULE = "a SHA-256 fingerprint: 64 hex digits, with or without colons; several with commas between";
function parseFingerprints(text2) {
  const all = text2.split(",").map((one) => one.trim().replaceAll(":", "").toLowerCase());
  return all.every((digits) => /^[0-9a-f]{64}$/.test(digits)) ? all : void 0;
}

// src/action/app-name.ts
var APP_NAME = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/;
var APP_NAME_RULE = "the name of a Heroku app: 3 to 30 lower-case letters, digits and dashes, a letter first";

// src/action/input-names.ts
var DEFAULTS = {
  "heroku-app": "",
  "heroku-api-key": "",
  "redis-url": "",
  "redis-config-var": "REDIS_URL",
  "redis-tls": "auto",
  "redis-tls-fingerprint": "",
  "gate-name": "default",
  protocol: "gate",
  "list-request-key": "request",
  "list-response-key": "response",
  "list-message": "shutdown",
  "list-resume-message": "",
  processes: "clock",
  "acknowledge-timeout": "30s",
  "drain-timeout": "5m",
  "on-drain-timeout": "fail",
  "on-missing-clock": "fail",
  "skip-drain": "false",
  "drain-at": "before-push",
  "drain-from": "runner",
  strategy: "git-push",
  ref: "HEAD",
  branch: "auto",
  "app-dir": "",
  "force-push": "false",
  "on-running-build": "wait",
  "up-to-date": "skip",
  "promote-from": "",
  slug: "",
  command: "",
  "command-file": "",
  "deploy-timeout": "30m",
  "wait-for-dynos": "2m",
  "wait-for-clock": "2m",
  "health-check-url": "",
  "health-check-status": "200",
  "health-check-body": "",
  "health-check-timeout": "2m",
  "health-check-interval": "5s",
  "rollback-on-failure": "false",
  "dry-run": "false"
};
var SECRET_INPUTS = /* @__PURE__ */ new Set([
  "heroku-api-key",
  "redis-url",
  "health-check-url"
]);
function misspelled(env) {
  const known2 = Object.keys(DEFAULTS);
  return Object.keys(env).flatMap((variable) => {
    const given = /^INPUT_(.+)$/i.exec(variable)?.[1]?.toLowerCase();
    if (given === void 0 || Object.hasOwn(DEFAULTS, given)) return [];
    const meant = known2.find((name3) => isClose(given.replaceAll("_", "-"), name3));
    return meant === void 0 ? [] : [{ given, meant }];
  });
}
function isClose(a, b) {
  const most = b.length < 6 ? 1 : 2;
  if (Math.abs(a.length - b.length) > most) return false;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return (row[b.length] ?? 0) <= most;
}

// src/action/health-inputs.ts
var DETAILS = [
  "health-check-status",
  "health-check-body",
  "health-check-timeout",
  "health-check-interval"
];
var STATUS_RULE = "HTTP statuses by comma: 200, 2xx, 200-204";
function readHealthCheck(read) {
  const url = read.text("health-check-url");
  if (url === "") {
    for (const name3 of DETAILS.filter((one) => read.text(one) !== DEFAULTS[one])) {
      read.problem(
        `${name3} (${quote(read.text(name3))})`,
        "means nothing without health-check-url. Leave it out, or say what to check"
      );
    }
    return void 0;
  }
  if (!isAddress(url))
    read.wrong("health-check-url", "an address (https://…) without user and password, or a path (/healthz)");
  const statuses = statusesOf(read.text("health-check-status"));
  if (statuses === void 0) read.wrong("health-check-status", STATUS_RULE);
  const body = read.text("health-check-body");
  return {
    url,
    statuses: statuses ?? [],
    ...body !== "" && { body },
    timeoutMs: read.duration("health-check-timeout"),
    intervalMs: read.duration("health-check-interval")
  };
}
function isAddress(text2) {
  if (/\s/.test(text2)) return false;
  if (text2.startsWith("/")) return !/^\/[/\\]/.test(text2);
  if (!URL.canParse(text2)) return false;
  const { protocol, username, password } = new URL(text2);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "";
}
function statusesOf(text2) {
  const ranges = text2.split(",").map((entry) => {
    const [, hundred] = /^\s*([1-5])xx\s*$/i.exec(entry) ?? [];
    if (hundred !== void 0) return [Number(hundred) * 100, Number(hundred) * 100 + 99];
    const [, first, last = first] = /^\s*([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?\s*$/.exec(entry) ?? [];
    return first !== void 0 && Number(first) <= Number(last) ? [Number(first), Number(last)] : void 0;
  });
  return ranges.every((range) => range !== void 0) ? ranges : void 0;
}

// src/action/input-reader.ts
var LONGEST_MS = 24 * 36e5;
var InputReader = class {
  problems = [];
  #get;
  constructor(getInput2) {
    this.#get = getInput2;
  }
  /** The input as it was given, or its default when it is empty: `${{ vars.X }}` of a missing variable gives nothing. */
  text(name3) {
    return this.#get(name3).trim() || DEFAULTS[name3];
  }
  required(name3, rule, accepted) {
    const value = this.text(name3);
    if (value === "") this.problem(name3, `is missing. Expected ${accepted}`);
    else if (!rule.test(value)) this.wrong(name3, accepted);
    return value;
  }
  matching(name3, rule, accepted) {
    const value = this.text(name3);
    if (!rule.test(value)) this.wrong(name3, accepted);
    return value;
  }
  oneOf(name3, accepted) {
    const value = this.text(name3);
    const found = accepted.find((one) => one === value);
    if (found === void 0) this.wrong(name3, accepted.join(", ").replace(/, ([^,]*)$/, " or $1"));
    return found ?? accepted[0];
  }
  /** YAML 1.2's own spellings, as the runner's toolkit takes them. */
  switch(name3) {
    const value = this.text(name3);
    if (/^(true|True|TRUE)$/.test(value)) return true;
    if (!/^(false|False|FALSE)$/.test(value)) this.wrong(name3, "true or false");
    return false;
  }
  /** @returns ms; 0 for a wrong one */
  duration(name3, { zero = false } = {}) {
    const value = this.text(name3);
    const ms = zero && value === "0" ? 0 : parseDuration(value);
    const rule = `${DURATION_RULE}${zero ? ", or 0" : ""}`;
    if (ms === void 0) this.wrong(name3, rule);
    else if (ms === 0 && !zero) this.wrong(name3, `${rule}, above zero`);
    else if (ms > LONGEST_MS) this.wrong(name3, `${rule}, at most ${formatDuration(LONGEST_MS)}`);
    return ms ?? 0;
  }
  wrong(name3, accepted) {
    const given = SECRET_INPUTS.has(name3) ? "has a value that can't be used" : `is ${quote(this.text(name3))}`;
    this.problem(name3, `${given}. Expected ${accepted}`);
  }
  problem(name3, what) {
    this.problems.push(`${name3} ${what}${what.endsWith("?") ? "" : "."}`);
  }
};

// src/action/list-inputs.ts
var INPUTS = ["list-request-key", "list-response-key", "list-message", "list-resume-message"];
function readList(read) {
  const protocol = read.oneOf("protocol", ["gate", "list"]);
  const given = (name3) => `${name3} (${read.text(name3)})`;
  if (protocol !== "list") {
    const set = read.text("protocol") === protocol ? INPUTS.filter((one) => read.text(one) !== DEFAULTS[one]) : [];
    for (const name3 of set) {
      read.problem(
        given(name3),
        `means nothing under ${given("protocol")}. Leave it out, or say protocol: list`
      );
    }
    return void 0;
  }
  const key = (name3) => read.matching(
    name3,
    new RegExp("^(?!deploy-gate:)\\P{Cc}{1,200}$", "u"),
    "the key of the list as the listener has it: at most 200 characters, and not one of the gate itself, deploy-gate:…"
  );
  const message = (name3) => read.matching(
    name3,
    new RegExp("^\\P{Cc}{0,200}$", "u"),
    "what the listener compares with: one line of at most 200 characters"
  );
  const list2 = {
    requestKey: key("list-request-key"),
    responseKey: key("list-response-key"),
    message: message("list-message"),
    resumeMessage: message("list-resume-message")
  };
  if (list2.requestKey === list2.responseKey)
    read.problem(
      given("list-response-key"),
      `is the same as ${given("list-request-key")}. A request would pass for its own answer`
    );
  if (list2.message === list2.resumeMessage)
    read.problem(
      given("list-resume-message"),
      `is the same as ${given("list-message")}. It would stop the clock once more`
    );
  if (read.text("on-drain-timeout") === "force")
    read.problem(
      given("on-drain-timeout"),
      `can't be had under ${given("protocol")}: such a listener can't be told to abort its jobs. Expected fail or deploy`
    );
  return list2;
}

// src/action/strategy-inputs.ts
var OWN = {
  "git-push": ["app-dir", "force-push", "drain-at"],
  promote: ["promote-from"],
  slug: ["slug"],
  command: ["command", "command-file"]
};
var KINDS = ["git-push", "promote", "slug", "command"];
var COMMAND_RULE = 'a JSON array of texts, the program first, such as ["heroku", "container:release", "clock"]';
function readStrategy(read) {
  const kind = read.oneOf("strategy", KINDS);
  if (read.text("strategy") === kind) refuseOthers(read, kind);
  switch (kind) {
    case "git-push":
      return { kind };
    case "promote":
      return { kind, from: readSource2(read) };
    case "slug":
      return {
        kind,
        slug: read.matching(
          "slug",
          /^(|v[1-9]\d{0,8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/,
          "a release (v41), a slug's id, or nothing: the slug that was built from ref"
        )
      };
    case "command":
      return { kind, ...readCommand(read) };
  }
}
function refuseOthers(read, kind) {
  for (const other of KINDS.filter((one) => one !== kind)) {
    for (const name3 of OWN[other].filter((one) => read.text(one) !== DEFAULTS[one])) {
      read.problem(
        `${name3} (${quote(read.text(name3))})`,
        `means nothing under strategy: ${kind}. Leave it out, or say strategy: ${other}`
      );
    }
  }
}
function readSource2(read) {
  const rule = `${APP_NAME_RULE}: the one whose slug is promoted, such as shop-staging`;
  const from = read.required("promote-from", APP_NAME, rule);
  if (from !== "" && from === read.text("heroku-app")) {
    read.problem(
      `promote-from (${from})`,
      "is heroku-app itself. Expected another app of its pipeline, from which it gets what it is to run"
    );
  }
  return from;
}
function readCommand(read) {
  const [text2, file] = [read.text("command"), read.text("command-file")];
  if (text2 !== "" && file !== "") {
    read.problem("command-file", "stands beside command. Give one of them");
  } else if (file !== "") {
    const script2 = read.matching(
      "command-file",
      /^(?!.*(^|\/)\.\.(\/|$))[^/\p{Cc}][^\p{Cc}]{0,250}$/u,
      "the path of a script in the checkout, such as script/release"
    );
    return { program: `./${script2.replace(/^\.\//, "")}`, args: [] };
  } else if (text2 === "") {
    read.problem("command", `is missing. Expected ${COMMAND_RULE}; or command-file, a script of the checkout`);
  } else {
    const words = wordsOf(text2);
    if (words !== void 0) return words;
    read.wrong("command", COMMAND_RULE);
  }
  return { program: "", args: [] };
}
function wordsOf(text2) {
  let words;
  try {
    words = JSON.parse(text2);
  } catch {
    return void 0;
  }
  if (!Array.isArray(words)) return void 0;
  const usable = words.every((word) => typeof word === "string" && !word.includes("\0"));
  const [program, ...args] = words;
  return usable && program ? { program, args } : void 0;
}

// src/action/inputs.ts
function readPlan({ getInput: getInput2, env }) {
  const read = new InputReader(getInput2);
  for (const { given, meant } of misspelled(env)) {
    read.problem(given, `is not an input of this action. Did you mean ${meant}?`);
  }
  const redisUrl = readRedisUrl(read);
  const fingerprints = readFingerprints(read, redisUrl);
  const list2 = readList(read);
  const healthCheck = readHealthCheck(read);
  const appDir = readAppDir(read);
  const plan = {
    app: read.required("heroku-app", APP_NAME, APP_NAME_RULE),
    apiKey: read.required(
      "heroku-api-key",
      API_KEY_FORM,
      "a token of `heroku authorizations:create`, stored as a repository secret and passed from there, without blanks in it. In a pull request from a fork, secrets are empty"
    ),
    apiUrl: readEndpoint(read, env, "HEROKU_API_URL", "https://api.heroku.com"),
    gitUrl: readEndpoint(read, env, "HEROKU_GIT_URL", "https://git.heroku.com"),
    redis: {
      ...redisUrl !== void 0 && { url: redisUrl },
      configVar: read.matching(
        "redis-config-var",
        /^[A-Za-z_][A-Za-z0-9_]{0,199}$/,
        "the name of a config var: letters, digits and underscores"
      ),
      tls: read.oneOf("redis-tls", ["auto", "verify", "insecure"]),
      ...fingerprints && { fingerprints }
    },
    gateName: readGateName(read),
    ...list2 !== void 0 && { list: list2 },
    processes: readProcesses(read),
    acknowledgeTimeoutMs: read.duration("acknowledge-timeout"),
    drainTimeoutMs: read.duration("drain-timeout"),
    onDrainTimeout: read.oneOf("on-drain-timeout", ["fail", "force", "deploy"]),
    onMissingClock: read.oneOf("on-missing-clock", ["fail", "deploy"]),
    skipDrain: read.switch("skip-drain"),
    drainAt: read.oneOf("drain-at", ["before-push", "release-phase"]),
    drainFrom: read.oneOf("drain-from", ["runner", "dyno"]),
    strategy: readStrategy(read),
    ref: read.matching("ref", new RegExp("^\\P{Cc}{1,250}$", "u"), "a commit, branch or tag of at most 250 characters"),
    branch: read.oneOf("branch", ["auto", "main", "master"]),
    ...appDir !== void 0 && { appDir },
    forcePush: read.switch("force-push"),
    onRunningBuild: read.oneOf("on-running-build", ["wait", "fail"]),
    upToDate: read.oneOf("up-to-date", ["skip", "fail", "rerelease"]),
    deployTimeoutMs: read.duration("deploy-timeout"),
    waitForDynosMs: read.duration("wait-for-dynos", { zero: true }),
    waitForClockMs: read.duration("wait-for-clock", { zero: true }),
    ...healthCheck !== void 0 && { healthCheck },
    rollbackOnFailure: read.switch("rollback-on-failure"),
    dryRun: read.switch("dry-run"),
    directory: env.GITHUB_WORKSPACE || process.cwd(),
    asker: { name: "a deploy", ...askerOfJob(env) }
  };
  checkTogether(read, plan);
  if (read.problems.length > 0) throw badInputs(read.problems);
  return plan;
}
function secretsOfPlan({ apiKey, redis }) {
  return [...secretsOf(apiKey), ...redis.url === void 0 ? [] : secretsOfRedisUrl(redis.url)];
}
function checkTogether(read, plan) {
  const { acknowledgeTimeoutMs, drainTimeoutMs, deployTimeoutMs } = plan;
  const given = (name3) => `${name3} (${read.text(name3)})`;
  if (acknowledgeTimeoutMs > drainTimeoutMs && drainTimeoutMs > 0) {
    const drain = given("drain-timeout");
    read.problem(
      given("acknowledge-timeout"),
      `is longer than ${drain}. Who has not accepted a request can not have drained`
    );
  }
  if (drainTimeoutMs >= deployTimeoutMs && deployTimeoutMs > 0) {
    read.problem(
      given("drain-timeout"),
      `is not shorter than ${given("deploy-timeout")}. A deploy takes its drain and its build: raise deploy-timeout`
    );
  }
  for (const name3 of ["drain-at", "drain-from"]) {
    if (plan.list === void 0 || read.text(name3) === DEFAULTS[name3]) continue;
    read.problem(
      given(name3),
      "can't be had under protocol: list. A dyno asks by the drain protocol: leave it out, or say protocol: gate"
    );
  }
  if (plan.drainFrom === "dyno" && plan.redis.url !== void 0) {
    read.problem(
      "redis-url",
      `means nothing under ${given("drain-from")}. The dyno has the URL in its environment: leave it out, and name the config var in redis-config-var if that is not REDIS_URL`
    );
  }
}
function readAppDir(read) {
  const given = read.text("app-dir").replace(/^(\.\/+)+/, "").replace(/\/+$/, "");
  if (given === "" || given === ".") return void 0;
  const parts = given.split("/");
  if (/[\p{Cc}\\]/u.test(given) || parts.some((part) => ["", ".", "..", ".git"].includes(part)))
    read.wrong("app-dir", "a folder of the repository, such as services/shop");
  return given;
}
function readRedisUrl(read) {
  const url = read.text("redis-url");
  if (url === "") return void 0;
  try {
    parseRedisUrl(url);
    return url;
  } catch (error2) {
    read.problem("redis-url", `can't be used: ${error2.message}. Expected ${REDIS_URL_RULE}`);
    return void 0;
  }
}
function readFingerprints(read, redisUrl) {
  const given = read.text("redis-tls-fingerprint");
  if (given === "") return void 0;
  const digits = parseFingerprints(given);
  if (digits === void 0) read.wrong("redis-tls-fingerprint", FINGERPRINT_RULE);
  const address = redisUrl === void 0 ? void 0 : parseRedisUrl(redisUrl);
  if (address && !address.tls) {
    read.problem(
      "redis-tls-fingerprint",
      `pins a certificate, but redis-url begins with ${schemeOf(address)}, which has none. Expected ${schemeOf({ ...address, tls: true })}`
    );
  }
  return digits;
}
function readGateName(read) {
  const name3 = read.text("gate-name");
  if (!isGateName(name3)) read.wrong("gate-name", GATE_NAME_RULE);
  return name3;
}
function readProcesses(read) {
  const { asked, problems } = parseProcesses(read.text("processes"));
  for (const problem of problems) read.problem("processes", problem);
  return asked;
}
function readEndpoint(read, env, name3, usual) {
  const given = env[name3];
  if (!given) return usual;
  const url = URL.canParse(given) ? new URL(given) : void 0;
  const local = url?.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  const plain2 = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (plain2 && (url.protocol === "https:" || local)) return given.replace(/\/+$/, "");
  read.problem(
    `The environment variable ${name3}`,
    "holds no base URL that can be used. Expected https://…, or http:// on 127.0.0.1, without user, query and fragment; leave it unset for Heroku itself"
  );
  return usual;
}
function badInputs(problems) {
  const [first, ...more] = problems;
  return new DeployError(
    "preflight-failed",
    more.length === 0 ? `${first}` : `${problems.length} inputs can't be used:
- ${problems.join("\n- ")}`,
    "Correct it under `with:` of this step in the workflow. Nobody was asked to drain, and nothing was pushed."
  );
}

// src/action/opening.ts
function open2(signal) {
  const { env } = process;
  const plan = readPlan({ getInput: (name3) => getInput(name3), env });
  for (const secret of secretsOfPlan(plan)) maskSecret(secret);
  const around = { log: actionsLog, time: systemTime, fetch: createFetch(env), mask: maskSecret };
  return { plan, heroku: openHeroku(plan, { ...around, signal, env }), ...around };
}

// src/action/state.ts
var HOLD = "hold";
function rememberHold(held) {
  saveState(HOLD, { id: held.id, fingerprint: held.fingerprint ?? "" });
}
function rememberEnd() {
  saveState(HOLD, "");
}
function recallHold() {
  const saved = getState(HOLD);
  if (saved === "") return void 0;
  const { id, fingerprint } = JSON.parse(saved);
  return { id, fingerprint: fingerprint || void 0 };
}

// src/gate/numbers.ts
var NUMBERS = {
  /** a runner that dies while draining costs the clock this at the most */
  drainLeaseMs: 6e4,
  /** outlives a failover of the server during the build */
  pushLeaseMs: 18e4,
  renewEveryMs: 15e3,
  /** after a renewal that failed */
  renewAgainMs: 2e3,
  /** every hold must last so long beyond the commit */
  marginMs: 3e4,
  /** a request that reaches the server later than this is void */
  requestValidMs: 3e4,
  /** between looks when nothing rings */
  lookEveryMs: 2e3,
  /** for each row of a look, until the next one, whoever rings: it reads them all, and where many take part somebody always rings */
  lookRestPerRowMs: 0.2,
  /** an announcement that nobody keeps up is forgotten: a runner that dies leaves none for longer */
  announcedMs: 18e4,
  /** for participants that were told to force, until they must have acknowledged */
  forceGraceMs: 3e4,
  /** no participant stays held for longer than this after it was asked, whatever a deployer says: docs/protocol.md, its own cap */
  maxHoldMs: 36e5,
  /** until an aborted drain's participants should be seen scheduling again */
  resumeWatchMs: 1e4
};

// src/protocol/row.ts
var STATES = ["booting", "running", "draining", "drained", "failed", "exited"];
var PROTOCOL_VERSION = "1";
var FORGOTTEN_MS = 6e5;
var NOTE_LENGTH = 200;
function parseRow(id, text2) {
  let raw;
  try {
    raw = JSON.parse(text2);
  } catch {
    return void 0;
  }
  if (typeof raw !== "object" || raw === null) return void 0;
  const fields2 = raw;
  const word = (name3) => {
    const value = fields2[name3];
    return typeof value === "string" && value !== "" ? value.slice(0, NOTE_LENGTH) : void 0;
  };
  const count2 = (name3) => {
    const value = fields2[name3];
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.floor(value) : void 0;
  };
  const [v, type, dyno, state] = [
    word("v"),
    word("type"),
    word("dyno"),
    STATES.find((known2) => known2 === fields2.state)
  ];
  const [joined, seen, until] = [count2("joined"), count2("seen"), count2("until")];
  if (!v || !type || !dyno || !state || joined === void 0 || seen === void 0 || until === void 0)
    return void 0;
  const optional = {
    app: word("app"),
    release: word("release"),
    epoch: word("epoch"),
    hold: count2("hold"),
    note: word("note"),
    after: word("after")
  };
  return {
    id,
    v,
    type,
    dyno,
    state,
    joined,
    seen,
    until: Math.min(until, seen + FORGOTTEN_MS),
    running: count2("running") ?? 0,
    finished: count2("finished") ?? 0,
    stored: count2("stored") ?? 0,
    ...Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== void 0)
    )
  };
}
function isAlive(row, now) {
  return row.state !== "exited" && row.until >= now;
}

// src/gate/asker.ts
var LONGEST2 = 300;
function describeAsker(text2) {
  const { name: name3, runUrl, commit: commit2 } = readAsker(text2);
  return [name3 || "another deploy", commit2 && `of ${commit2.slice(0, 8)}`, runUrl && `(${runUrl})`].filter(Boolean).join(" ");
}
function readAsker(text2) {
  let raw;
  try {
    raw = JSON.parse(text2);
  } catch {
    return {};
  }
  if (typeof raw !== "object" || raw === null) return {};
  const fields2 = raw;
  const words = ["name", "app", "commit", "runUrl"].flatMap((field) => {
    const value = fields2[field];
    return typeof value === "string" && value.length <= LONGEST2 ? [[field, value]] : [];
  });
  return { ...Object.fromEntries(words), ...fields2.holds === true && { holds: true } };
}

// src/gate/progress.ts
var byName = new Intl.Collator("en", { numeric: true });
var Progress = class {
  #participants = /* @__PURE__ */ new Map();
  #epoch;
  #types;
  #started = false;
  #quietFromMs;
  #quietToMs;
  constructor(epoch, types) {
    this.#epoch = epoch;
    this.#types = new Set(types);
  }
  get participants() {
    return [...this.#participants.values()].sort(
      (a, b) => byName.compare(a.dyno, b.dyno) || a.seenMs - b.seenMs
    );
  }
  /** Those that stopped for the drain and are neither scheduling again nor gone. */
  get held() {
    return this.participants.filter(({ state }) => state === "draining" || state === "drained");
  }
  /** How long no asked participant was scheduling, up to `nowMs` if that still goes on; `undefined` if nobody ever stopped. */
  quietMs(nowMs) {
    return this.#quietFromMs === void 0 ? void 0 : (this.#quietToMs ?? nowMs) - this.#quietFromMs;
  }
  /** A clock schedules again: the new release's, or the old one's. */
  quietEnded(atMs) {
    this.#quietToMs ??= atMs;
  }
  /** Takes in what was read `atMs` after the request; returns what changed. */
  update(view, atMs) {
    const targets = new Set(view.intent?.epoch === this.#epoch ? view.intent.targets : []);
    const changes = [];
    for (const row of view.rows) {
      const known2 = this.#participants.get(row.id);
      if (!known2 && !targets.has(row.id)) continue;
      if (!known2 && !this.#types.has(row.type)) continue;
      changes.push(...this.#take(row, view.now, known2, atMs));
    }
    const there = new Set(view.rows.map(({ id }) => id));
    for (const one of this.#participants.values()) {
      if (one.state === "silent" || one.state === "exited" || there.has(one.id)) continue;
      one.state = "silent";
      one.lost = one.running;
      changes.push({ of: one, kind: "gone", line: `${one.dyno} is gone from the roster${lostJobs(one)}` });
    }
    this.#started = true;
    return changes;
  }
  #take(row, now, known2, atMs) {
    const one = known2 ?? {
      id: row.id,
      dyno: row.dyno,
      type: row.type,
      state: "running",
      fromStart: !this.#started,
      seenMs: atMs,
      running: 0,
      finished: 0,
      stored: 0,
      lost: 0
    };
    this.#participants.set(row.id, one);
    const before = { ...one };
    if (row.state !== "exited" && !isAlive(row, now)) {
      if (before.state === "silent") return [];
      one.state = "silent";
      one.lost = one.running;
      const silence = formatDuration(now - row.seen);
      return [
        { of: one, kind: "silent", line: `${one.dyno} has not been heard of for ${silence}${lostJobs(one)}` }
      ];
    }
    if (row.v !== PROTOCOL_VERSION) {
      one.foreign = row.v;
      return known2 ? [] : [
        {
          of: one,
          kind: "foreign",
          line: `${one.dyno} speaks version ${row.v} of the drain protocol, this deploy version ${PROTOCOL_VERSION}: it can't be asked`
        }
      ];
    }
    const answers = row.epoch === this.#epoch;
    if (!answers && row.state !== "exited") {
      one.state = row.state === "booting" ? "booting" : "running";
      if (!known2) return [{ of: one, kind: "asked", line: `${one.dyno} is asked to drain` }];
      if (row.state !== "running" || one.acceptedMs === void 0 || one.resumedMs !== void 0) return [];
      one.resumedMs = atMs;
      return [{ of: one, kind: "resumed", line: `${one.dyno} is scheduling again` }];
    }
    Object.assign(one, {
      state: row.state,
      running: row.running,
      finished: row.finished,
      stored: row.stored,
      lost: 0
    });
    if (row.note === void 0) delete one.note;
    else one.note = row.note;
    if (row.state === "draining" || row.state === "drained") {
      this.#quietFromMs ??= atMs;
      one.acceptedMs ??= atMs;
    }
    if (row.state === "drained") one.drainedMs ??= atMs;
    return this.#describe(before, one, known2 === void 0);
  }
  #describe(before, one, isNew) {
    const jobs = `${count(one.running, "job")} running, ${one.finished} finished, ${one.stored} stored`;
    const note = one.note ? ` (${one.note})` : "";
    const change = (kind, did) => [
      { of: one, kind, line: `${one.dyno}${did}` }
    ];
    if (one.state !== before.state || isNew && one.state !== "running") {
      if (one.state === "drained")
        return change("drained", ` is drained: ${one.finished} finished, ${one.stored} stored${note}`);
      if (one.state === "draining") return change("accepted", ` accepted: ${jobs}${note}`);
      if (one.state === "failed") return change("refused", ` refuses to drain${note}`);
      if (one.state === "exited") return change("ended", " ended; waiting for Heroku to start it again");
    }
    const same = one.running === before.running && one.finished === before.finished && one.stored === before.stored && one.note === before.note;
    return same || one.state !== "draining" ? [] : change("progress", `: ${jobs}${note}`);
  }
};
function count(n, noun) {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
function lostJobs({ lost }) {
  return lost > 0 ? `; ${count(lost, "job")} ran in it and ${lost === 1 ? "is" : "are"} lost` : "";
}

// src/gate/complaint.ts
var UPDATE_ADVICE = "Update the older one: the deploy-gate library in the app, or what deploys, the Action in the workflow or the deploy-gate command.";
var MOST_NOTES = 5;
var BACK = "Nothing was pushed, and the clock is back at work.";
function busy(asker, leftMs) {
  if (readAsker(asker).holds) {
    return new DeployError(
      "busy",
      `The app's processes are held by hand, asked for by ${describeAsker(asker)}. The hold ends in ${formatDuration(leftMs)}.`,
      "Wait for its end, or end it if its time is over: deploy-gate resume."
    );
  }
  return new DeployError(
    "busy",
    `Another deploy holds the gate: ${describeAsker(asker)}. Its lease ends in ${formatDuration(leftMs)} unless it is renewed.`,
    "Wait for it to end and run this one again. A concurrency group in the workflow queues deploys by itself: concurrency: { group: deploy, cancel-in-progress: false }."
  );
}
function announcedBy(asker) {
  return new DeployError(
    "busy",
    `Another deploy is announced, and its release phase will ask for the drain: ${describeAsker(asker)}.`,
    "Wait for it to end and run this one again; if nobody runs it any more, its announcement is forgotten within 3 minutes. A concurrency group in the workflow queues deploys by itself: concurrency: { group: deploy, cancel-in-progress: false }."
  );
}
function late() {
  return new DeployError(
    "preflight-failed",
    "The drain request reached Redis too late to be valid, so no drain is in force. Had an earlier try reached the clock, it is back at work by itself.",
    "The connection to Redis is very slow or was interrupted: run the deploy again."
  );
}
function unanswered(cause, forMs) {
  return new DeployError(
    "preflight-failed",
    `Redis gave no answer for ${formatDuration(forMs)} (${cause.message}). Nothing was pushed; should the clock have been asked to drain, it goes on by itself within a minute.`,
    "Look at whether Redis is up and reachable (heroku redis:info), then run the deploy again.",
    { cause }
  );
}
function refused(who) {
  const each = who.slice(0, MOST_NOTES).map(({ dyno, note }) => `${dyno} refused to drain${note ? `: ${note}` : ""}`);
  if (who.length > MOST_NOTES) each.push(`so did ${enumerate(who.slice(MOST_NOTES).map(({ dyno }) => dyno))}`);
  return new DeployError(
    "refused",
    `${each.join("; ")}. ${BACK}`,
    `Its drain handler failed. Look at the app's log around now: heroku logs --dyno ${who[0]?.dyno}. Mend the handler, or deploy once without a drain, in the Action with skip-drain: true.`
  );
}
function notAcknowledged(who, timeoutMs) {
  const names = enumerate(
    who.map(({ dyno, state, foreign }) => {
      if (foreign !== void 0) return `${dyno} (it speaks version ${foreign} of the drain protocol)`;
      return state === "silent" ? `${dyno} (not heard of any more)` : dyno;
    })
  );
  if (who.some(({ foreign }) => foreign !== void 0)) {
    return new DeployError(
      "not-acknowledged",
      `${names} can't be asked by this deploy, which speaks version ${PROTOCOL_VERSION}. ${BACK}`,
      UPDATE_ADVICE
    );
  }
  return new DeployError(
    "not-acknowledged",
    `${names} did not accept the drain request within ${formatDuration(timeoutMs)}. ${BACK}`,
    "See whether the process is alive and reaches Redis: heroku ps, and heroku logs for lines of deploy-gate. If it is only slow, raise acknowledge-timeout."
  );
}
function missingClock(short2, timeoutMs, absent = []) {
  const each = short2.map(
    ({ type, have, need }) => need === 1 ? `no ${type}` : `${have} of ${need} ${type} participants`
  );
  const message = `${each.join(" and ")} took part within ${formatDuration(timeoutMs)}. Nothing was pushed, and who did take part goes back to work.`;
  if (absent.length > 0) {
    return new DeployError(
      "missing-clock",
      `${absences(absent)}. ${message}`,
      `${absent.length === 1 ? "Its process" : "Their processes"} must call join with this gate name and the same REDIS_URL, or run behind the supervisor: deploy-gate run -- <command>. heroku logs --dyno ${absent[0]?.dyno} shows lines of deploy-gate if it tries. The first deploy of an app that has just gained a listener needs on-missing-clock: deploy.`
    );
  }
  return new DeployError(
    "missing-clock",
    message,
    "Check that the process runs (heroku ps), that it joins the gate with the same REDIS_URL and gate name, and that processes names its type. The first deploy of an app that has just gained a listener needs on-missing-clock: deploy."
  );
}
function absences(absent) {
  const each = absent.map(
    ({ dyno, release: release2 }) => `${dyno} is up${release2 ? ` on ${release2}` : ""} but has not joined the gate`
  );
  return enumerate(each, MOST_NOTES);
}
function drainTimeout(verdict, timeoutMs, forced) {
  const running = verdict.undrained.map(
    (one) => `${one.dyno} (${one.state === "silent" ? "not heard of any more" : `${count(one.running, "job")} running${one.note ? `, ${one.note}` : ""}`})`
  );
  const short2 = verdict.short.map(({ type, have, need }) => `${have} of ${need} ${type} participants present`);
  const advice2 = forced ? "The drain handler does not heed its signal: make it abort and store the jobs." : running.length > 0 ? "Raise drain-timeout above the longest job, or choose on-drain-timeout: force (jobs are aborted and stored) or deploy (jobs may be killed)." : "A process ended during the drain, and Heroku has not started it again: heroku ps and heroku logs tell why.";
  return new DeployError(
    "drain-timeout",
    `Not drained within ${formatDuration(timeoutMs)}${forced ? ", nor after they were told to abort" : ""}: ${[...running.length > 0 ? [enumerate(running, MOST_NOTES)] : [], ...short2].join(", ")}.`,
    `Nothing was pushed, and the clock goes on. ${advice2}`
  );
}
function neverOpened(why) {
  return new DeployError(
    "drain-timeout",
    `Everybody was drained, but the gate did not open: ${why}. ${BACK}`,
    "The connection between the named process and Redis is too slow or broken. Run the deploy again; if it repeats, look at the process: heroku logs."
  );
}
function lossOf(why, asker) {
  return {
    missing: "The drain request is gone from Redis: it was restarted without its data, flushed, or the key was evicted.",
    superseded: `Another deploy took the gate over: ${describeAsker(asker)}.`,
    finished: "The drain was ended by somebody else, by the post step of this job or by deploy-gate resume.",
    lapsed: "The drain ran out before it could be renewed: this process was stopped or cut off from Redis for too long, or the clock of the Redis server was set forward.",
    unreachable: "Redis could not be reached for so long that the drain ran out.",
    "set-back": "The clock of the Redis server was set back, so that nobody can tell how long the clock's hold lasts."
  }[why];
}
var AFTER_A_LOSS = "Run the deploy again. If it repeats, look at the Redis: its memory policy, its maintenance, its log.";
function leaseLost(why, asker) {
  return new DeployError(
    "lease-lost",
    `${lossOf(why, asker)} Held participants resume by themselves.`,
    AFTER_A_LOSS
  );
}
function clockNotSeen(types, waitMs, release2) {
  return new DeployError(
    "clock-not-seen",
    `${release2} is released, but no ${types.join(", no ")} of it joined the gate within ${formatDuration(waitMs)}.`,
    "The new clock may not be running: heroku ps and heroku logs tell. If it is only slow to boot, raise wait-for-clock."
  );
}
function clockUnknown(types, cause, release2) {
  return new DeployError(
    "clock-not-seen",
    `${release2} is released, but Redis could not be reached (${cause.message}), so it is not known whether its ${types.join(" and ")} runs.`,
    "Look at it now: heroku ps and heroku logs.",
    { cause }
  );
}
function blockers(who) {
  return enumerate(who.map(describe));
}
function describe({ why, dyno, type, detail }) {
  switch (why) {
    case "silent":
      return `${dyno} has not been heard of for ${formatDuration(Number(detail))}`;
    case "gone":
      return `${dyno} is gone from the roster`;
    case "short-hold":
      return `${dyno} is held for ${formatDuration(Number(detail))} only`;
    case "too-few":
      return `${detail.replace("/", " of ")} ${type} participants are held`;
    case "short-lease":
      return "the own lease is about to end";
    case "version":
      return `${dyno} speaks version ${detail} of the drain protocol`;
    case "set-back":
      return `${dyno} has not answered since the clock of the Redis server was set back`;
    case "unanswered":
      return `${dyno} has not answered`;
    default:
      return `${dyno} is ${why}`;
  }
}

// src/redis/trouble.ts
var ELSEWHERE = /^(READONLY|MOVED|CLUSTERDOWN|LOADING|MASTERDOWN|NOREPLICAS) /;
var BUSY = /^(TRYAGAIN|ASK|BUSY) /;
function isPassing(error2) {
  return isElsewhere(error2) || BUSY.test(error2.message);
}
function isElsewhere(error2) {
  return ELSEWHERE.test(error2.message);
}
var UrlFormError = class extends Error {
  name = "UrlFormError";
  /** a sentence that tells the right form */
  next;
  constructor(what, next) {
    super(what);
    this.next = next;
  }
};
var CLUSTER_FORM = "Write its URL as redis+cluster://[user:password@]host:port, or rediss+cluster:// for TLS.";
var SENTINEL_FORM = "Write its URL as redis+sentinel://[user:password@]host:port/<name of the primary>, or rediss+sentinel:// for TLS.";
function formOf(error2) {
  if (error2.message.startsWith("MOVED "))
    return new UrlFormError(
      "the server is a node of a Redis Cluster, and the gate is on another one",
      CLUSTER_FORM
    );
  if (/^ERR unknown command\b.*\b(get|evalsha)\b/i.test(error2.message))
    return new UrlFormError("the server is a sentinel, which keeps no keys", SENTINEL_FORM);
  return void 0;
}

// src/gate/outage.ts
function isOutage(error2) {
  if (!(error2 instanceof Error) || error2 instanceof TypeError || error2 instanceof DeployError) return false;
  return error2.name !== "ReplyError" || isPassing(error2);
}

// src/gate/outlast.ts
async function outlast({ time, againMs, forMs, signal }, work) {
  const until = time.now() + forMs;
  for (; ; ) {
    try {
      return await work();
    } catch (error2) {
      signal?.throwIfAborted();
      if (!isOutage(error2) || time.now() + againMs >= until) throw error2;
    }
    await time.sleep(againMs, signal);
  }
}
async function answered({ time, numbers, signal }, work) {
  const { renewAgainMs, requestValidMs } = numbers;
  try {
    return await outlast({ time, againMs: renewAgainMs, forMs: requestValidMs, signal }, work);
  } catch (error2) {
    signal.throwIfAborted();
    throw isOutage(error2) ? unanswered(error2, requestValidMs) : error2;
  }
}

// src/redis/ask.ts
var import_ioredis2 = __toESM(require_built3(), 1);

// src/redis/connector.ts
var import_ioredis = __toESM(require_built3(), 1);
import { createConnection, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
var PinError = class extends Error {
  name = "PinError";
  code = "CERTIFICATE_PIN";
  fingerprint;
  constructor(fingerprint) {
    super(`the server's certificate has the SHA-256 fingerprint ${fingerprint}, which is not the pinned one`);
    this.fingerprint = fingerprint;
  }
};
var CONNECT_TIMEOUT_MS = 1e4;
function connectorFor(find, tls, trust2, timeoutMs = CONNECT_TIMEOUT_MS) {
  return class GateConnector extends import_ioredis.AbstractConnector {
    #finding = new AbortController();
    constructor() {
      super(2e3);
    }
    async connect() {
      this.connecting = true;
      this.#finding = new AbortController();
      const { signal } = this.#finding;
      try {
        const place = await find(signal);
        signal.throwIfAborted();
        return await this.#open(place);
      } catch (error2) {
        this.firstError = error2;
        return new Socket().destroy();
      }
    }
    disconnect() {
      this.#finding.abort();
      super.disconnect();
    }
    #open({ host, port }) {
      const stream = tls ? connectTls({
        host,
        port,
        rejectUnauthorized: trust2.verify,
        .../^[\d.:]+$/.test(host) ? {} : { servername: host }
      }) : createConnection({ host, port });
      this.stream = stream;
      return new Promise((resolve2) => {
        const fail = (error2) => {
          this.firstError = error2;
          stream.destroy();
          resolve2(stream);
        };
        const timer = setTimeout(
          () => fail(
            Object.assign(new Error(`no connection within ${timeoutMs / 1e3} s`), {
              code: "ETIMEDOUT"
            })
          ),
          timeoutMs
        );
        stream.once("error", fail);
        stream.once("close", () => {
          clearTimeout(timer);
          resolve2(stream);
        });
        stream.once(tls ? "secureConnect" : "connect", () => {
          clearTimeout(timer);
          if ("getPeerCertificate" in stream) {
            const fingerprint = stream.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase();
            if (trust2.pins && !trust2.pins.includes(fingerprint)) return fail(new PinError(fingerprint));
            trust2.onCertificate?.(fingerprint);
          }
          stream.removeListener("error", fail);
          resolve2(stream);
        });
      });
    }
  };
}

// src/redis/ask.ts
var LIMIT_MS = 3e3;
var LookupError = class extends Error {
  name = "LookupError";
  asked;
  /** @param asked as it stands in a sentence: `the sentinel` */
  constructor(asked, at, cause) {
    super(`${asked} at ${describeHost(at)}: ${cause.message}`, { cause });
    this.asked = `${asked} at ${describeHost(at)}`;
  }
};
async function ask(asked, server, { trust: trust2, signal }, questions) {
  const client = new import_ioredis2.Redis({
    lazyConnect: true,
    Connector: connectorFor(async () => server, server.tls, trust2, LIMIT_MS),
    ...server.username !== void 0 && { username: server.username },
    ...server.password !== void 0 && { password: server.password },
    enableReadyCheck: false,
    disableClientInfo: true,
    commandTimeout: LIMIT_MS,
    socketTimeout: LIMIT_MS,
    retryStrategy: () => null
  });
  let cause;
  client.on("error", (error2) => {
    cause ??= error2;
  });
  const aborted2 = Promise.withResolvers();
  const abort = () => aborted2.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const answered2 = client.connect().then(() => questions((name3, ...args) => client.call(name3, ...args)));
    return await Promise.race([answered2, aborted2.promise]);
  } catch (error2) {
    signal.throwIfAborted();
    throw new LookupError(asked, server, cause ?? error2);
  } finally {
    signal.removeEventListener("abort", abort);
    client.disconnect();
  }
}
async function inTurn(hosts, signal, one) {
  let first;
  for (const host of hosts) {
    try {
      return await one(host);
    } catch (error2) {
      first ??= error2;
    }
    signal.throwIfAborted();
  }
  throw first;
}

// src/redis/client.ts
var import_ioredis3 = __toESM(require_built3(), 1);

// src/redis/cluster.ts
function findOwner(address, hosts, key, needs) {
  return inTurn(
    hosts,
    needs.signal,
    (seed) => ask("the node", { ...address, ...seed }, needs, async (call) => {
      const slot = Number(await call("CLUSTER", "KEYSLOT", key).catch(explain));
      const ranges = await call("CLUSTER", "SLOTS").catch(explain);
      const range = ranges.find(([from, to]) => from <= slot && slot <= to);
      if (!range) throw new Error(`no node has the slot ${slot}, where the gate's keys are`);
      const [host, port] = range[2];
      return { host: host && host !== "?" ? host : seed.host, port };
    })
  );
}
function explain(error2) {
  if (!error2.message.startsWith("ERR This instance has cluster support disabled")) throw error2;
  throw new UrlFormError(
    "it is no node of a cluster",
    "redis+cluster:// names nodes of a cluster. The URL of a single server begins with redis:// or rediss://."
  );
}

// src/redis/sentinel.ts
function findPrimary(address, topology, needs) {
  const roles = /* @__PURE__ */ new Map();
  return inTurn(topology.hosts, needs.signal, async (host) => {
    const place = await named(host, address.tls, topology, needs);
    const name3 = describeHost(place);
    const role = roles.get(name3) ?? ask("the primary", { ...address, ...place }, needs, (call) => call("ROLE"));
    roles.set(name3, role);
    const [kind] = await role;
    if (kind === "master") return place;
    throw new LookupError("the sentinel", host, new Error(`it names ${name3}, which is no primary`));
  });
}
async function named(host, tls, { primary, username, password }, needs) {
  const sentinel = {
    ...host,
    tls,
    db: 0,
    ...username !== void 0 && { username },
    ...password !== void 0 && { password }
  };
  return await ask("the sentinel", sentinel, needs, async (call) => {
    const answer = await call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", primary).catch((error2) => {
      throw /^ERR unknown command/i.test(error2.message) ? new UrlFormError(
        "it is no sentinel",
        "redis+sentinel:// names the sentinels, as a rule on port 26379. The URL of a single server begins with redis:// or rediss://."
      ) : error2;
    });
    if (!Array.isArray(answer)) throw new Error(`it knows no primary of the name ${primary}`);
    return { host: String(answer[0]), port: Number(answer[1]) };
  });
}

// src/redis/topology.ts
function finder(address, trust2, key) {
  const { topology } = address;
  if (topology === void 0) return async () => address;
  if (topology.kind === "sentinel") return (signal) => findPrimary(address, topology, { trust: trust2, signal });
  if (key === void 0) throw new TypeError("a key must tell which node of the cluster to connect to");
  return (signal) => findOwner(address, topology.hosts, key, { trust: trust2, signal });
}

// src/redis/client.ts
function createClient(address, trust2, terms, key) {
  const find = finder(address, trust2, key);
  const client = new SparingRedis({
    lazyConnect: true,
    Connector: connectorFor(
      async (signal) => {
        const server = await find(signal);
        if (address.topology) terms.onServer?.(server);
        return server;
      },
      address.tls,
      trust2
    ),
    ...address.username !== void 0 && { username: address.username },
    ...address.password !== void 0 && { password: address.password },
    db: address.db,
    connectionName: "deploy-gate",
    // An ACL user without INFO would be warned about on the console; the gate asks for INFO itself, once.
    enableReadyCheck: false,
    disableClientInfo: true,
    autoResendUnfulfilledCommands: terms.resend ?? true,
    // `listen` does it, and knows when it did not work.
    autoResubscribe: false,
    maxRetriesPerRequest: null,
    commandTimeout: terms.commandTimeoutMs,
    socketTimeout: terms.silentLinkMs,
    retryStrategy: (attempt) => terms.retryDelay(attempt),
    reconnectOnError(error2) {
      if (!isElsewhere(error2) || error2.message.startsWith("MOVED ") && !address.topology) return false;
      client.emit("error", error2);
      return true;
    }
  });
  client.on("error", forgetArguments);
  return client;
}
var SparingRedis = class extends import_ioredis3.Redis {
  sendCommand(...args) {
    const [command] = args;
    const reply = super.sendCommand(...args);
    command.promise.catch(() => {
    });
    return reply;
  }
};
function forgetArguments(error2) {
  if (error2.command) error2.command = { name: error2.command.name };
}
function backoff(attempt, capMs, random = Math.random) {
  const full = Math.min(capMs, 100 * 2 ** Math.min(attempt - 1, 20));
  return Math.round(full * (0.5 + random() / 2));
}

// src/redis/connect.ts
var ATTEMPTS = 5;
var PATIENCE = {
  commandMs: 1e4,
  silentLinkMs: 5e3,
  reconnectMs: 2e3,
  firstMs: { least: 300, most: 5e3 }
};
async function connectRedis({ address, trust: trust2, origin, key }, log, signal, patience = PATIENCE) {
  const name3 = describeAddress(address);
  let connectedOnce = false;
  let closing = false;
  let cause;
  const terms = {
    commandTimeoutMs: patience.commandMs,
    silentLinkMs: patience.silentLinkMs,
    retryDelay(attempt) {
      if (!connectedOnce || closing) return null;
      const delay2 = backoff(attempt, patience.reconnectMs);
      log.warning(
        `${name3}: the connection was lost${cause ? ` (${cause.message})` : ""}; trying again in ${formatDuration(delay2)} (attempt ${attempt})`
      );
      return delay2;
    },
    onServer: (server) => log.info(`${name3}: it is ${describeHost(server)} now`)
  };
  const client = createClient(address, trust2, terms, key);
  client.on("error", (error2) => {
    cause = error2;
  });
  client.on("ready", () => {
    if (cause && isSelect(cause)) return;
    if (connectedOnce) log.info(`${name3}: connected again`);
    connectedOnce = true;
    cause = void 0;
  });
  const abort = () => client.disconnect();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await pRetry(
      async () => {
        cause = void 0;
        try {
          await client.connect();
          if (cause) throw cause;
          if (key !== void 0 && address.topology === void 0) await checkForm(client, key);
        } catch (error2) {
          const reason = cause ?? (error2 instanceof Error ? error2 : new Error(String(error2)));
          throw isFinal(reason) ? new AbortError(reason) : reason;
        }
      },
      {
        retries: ATTEMPTS - 1,
        minTimeout: patience.firstMs.least,
        maxTimeout: patience.firstMs.most,
        randomize: true,
        signal,
        onFailedAttempt: ({ error: error2, attemptNumber, retriesLeft, retryDelay }) => {
          if (retriesLeft > 0)
            log.warning(
              `${name3}: ${error2.message}; trying again in ${formatDuration(retryDelay)} (${attemptNumber + 1} of ${ATTEMPTS})`
            );
        }
      }
    );
  } catch (error2) {
    closing = true;
    client.disconnect();
    signal.throwIfAborted();
    throw explain2(address, origin, cause ?? error2);
  } finally {
    signal.removeEventListener("abort", abort);
  }
  return client;
}
async function checkForm(client, key) {
  try {
    await client.get(key);
  } catch (error2) {
    const form = formOf(error2);
    if (form) throw form;
  }
}
function isSelect(error2) {
  return error2.command?.name === "select";
}
function isFinal(error2) {
  if (error2 instanceof LookupError) return isFinal(error2.cause);
  return error2 instanceof PinError || error2 instanceof UrlFormError || isSelect(error2) || /^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH)/.test(error2.message) || isCertificate(error2);
}
function isCertificate(error2) {
  return /SELF_SIGNED|UNABLE_TO_VERIFY|CERT_|ERR_TLS_CERT/.test(error2.code ?? "");
}
function explain2(address, origin, error2) {
  const [what, next] = reasons(error2, address.tls, origin);
  return new DeployError("preflight-failed", `${describeAddress(address)}: ${what}`, next, { cause: error2 });
}
function reasons(error2, tls, origin) {
  if (error2 instanceof LookupError) return lookupReasons(error2, tls, origin);
  if (error2 instanceof UrlFormError) return [`${error2.message}.`, `${error2.next} ${origin.wrongUrl}`];
  if (error2 instanceof PinError) {
    return [
      `${error2.message}.`,
      `If the certificate was renewed (maintenance does that), check it and put its new fingerprint into ${origin.pin}. If it was not, somebody is in between: do not deploy.`
    ];
  }
  if (/^(WRONGPASS|NOAUTH|ERR invalid password|ERR AUTH)/.test(error2.message)) {
    return [
      `the server did not accept the user or password of the URL (${error2.message.split(" ")[0]}).`,
      origin.staleLogin
    ];
  }
  if (error2.message.startsWith("NOPERM")) {
    return [
      `the user of the URL lacks a right (${error2.message}).`,
      "Give the user the rights that docs/redis.md lists, or use the URL of the default user."
    ];
  }
  if (error2.message.startsWith("ERR DB index")) {
    return [
      "the server has no database of the number in the URL.",
      "Leave the number out, as in redis://host:6379; the clock's URL must name the same database."
    ];
  }
  if (isCertificate(error2)) {
    return [`its certificate was not accepted (${error2.message}).`, origin.unsignedCertificate];
  }
  if (error2.code === "ENOTFOUND" || error2.code === "EAI_AGAIN") {
    return [`there is no host of that name (${error2.code}).`, origin.wrongUrl];
  }
  if (/wrong version number|EPROTO/.test(`${error2.message} ${error2.code}`)) {
    return [
      "the server does not speak TLS there.",
      "Use redis:// for a server without TLS, or the port on which it speaks TLS."
    ];
  }
  const kind = !tls && /ECONNRESET|EPIPE/.test(error2.code ?? "") ? "If it speaks TLS there, as Heroku's Key-Value Store does, the URL must begin with rediss://. " : tls && error2.code === "ETIMEDOUT" ? "If it does not speak TLS there, the URL must begin with redis://. " : "";
  return [
    `no connection could be made in ${ATTEMPTS} attempts (${error2.message || error2.code}).`,
    `${kind}${origin.unreachable}`
  ];
}
function lookupReasons(error2, tls, origin) {
  const { asked, cause } = error2;
  if (asked.startsWith("the sentinel") && /^(WRONGPASS|NOAUTH)/.test(cause.message)) {
    return [
      `${asked} did not accept the login (${cause.message.split(" ")[0]}).`,
      `The sentinels have a login of their own: ?sentinel-user=…&sentinel-password=… at the end of the URL. ${origin.wrongUrl}`
    ];
  }
  if (cause.message.startsWith("it knows no primary")) {
    return [
      `${asked}: ${cause.message}.`,
      `The name stands in the URL after the hosts, and SENTINEL MASTERS lists those that there are. ${origin.wrongUrl}`
    ];
  }
  const [what, next] = reasons(cause, tls, origin);
  return [`${asked}: ${what}`, next];
}

// src/redis/health.ts
var NEARLY_FULL = 0.95;
async function checkHealth(source, name3, origin, log) {
  let info2;
  try {
    info2 = parseInfo(await source.info());
  } catch (error2) {
    if (!(error2 instanceof Error && error2.message.startsWith("NOPERM"))) throw error2;
    log.warning(
      `${name3}: its user may not call INFO, so memory and eviction could not be checked; +info allows it`
    );
    return;
  }
  if (info2.get("role") === "slave") {
    throw new DeployError(
      "preflight-failed",
      `${name3}: the server is a replica and refuses writes.`,
      `Give the URL of the primary. ${origin.wrongUrl}`
    );
  }
  const [used, most] = [Number(info2.get("used_memory") ?? 0), Number(info2.get("maxmemory") ?? 0)];
  const policy = info2.get("maxmemory_policy") ?? "noeviction";
  if (!(most > 0)) return;
  const share = used / most;
  const memory = `${megabytes(used)} of ${megabytes(most)} in use, maxmemory-policy ${policy}`;
  if (share >= NEARLY_FULL && policy.startsWith("allkeys")) {
    throw new DeployError(
      "preflight-failed",
      `${name3}: the server is about to evict keys, and may drop the drain request (${memory}).`,
      "Free memory or take a larger plan. A policy that spares keys without a TTL (noeviction or volatile-*) is safer for a gate."
    );
  }
  if (share >= 1) {
    throw new DeployError(
      "preflight-failed",
      `${name3}: the server is out of memory and refuses writes (${memory}).`,
      "Free memory or take a larger plan, then run the deploy again."
    );
  }
  if (share >= NEARLY_FULL) log.warning(`${name3}: the server is nearly out of memory (${memory})`);
  else if (policy.startsWith("allkeys")) {
    log.warning(
      `${name3}: under maxmemory-policy ${policy} the drain request itself can be evicted; the deploy would stop, and the clock go on`
    );
  }
}
function parseInfo(text2) {
  const fields2 = /* @__PURE__ */ new Map();
  for (const line of text2.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields2.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields2;
}
function megabytes(bytes) {
  return `${(bytes / 1048576).toFixed(1)} MB`;
}

// src/redis/listen.ts
function listen(client, channel, onMessage, onRefused = () => {
}) {
  let [hears, refused2] = [false, false];
  const begin = async () => {
    try {
      const hello = await client.call("HELLO");
      const at = Array.isArray(hello) ? hello.indexOf("proto") : -1;
      if (Array.isArray(hello) && at >= 0 && hello[at + 1] === 3) {
        await client.subscribe(channel);
        hears = true;
      }
    } catch (error2) {
      if (error2 instanceof Error && error2.message.startsWith("NOPERM") && !refused2) {
        refused2 = true;
        onRefused(error2);
      }
    }
    onMessage();
    return hears;
  };
  client.on("message", onMessage);
  client.on("close", () => {
    hears = false;
  });
  client.on("ready", begin);
  const began = client.status === "ready" ? begin() : Promise.resolve(false);
  return {
    get hears() {
      return hears;
    },
    began
  };
}

// src/redis/rights.ts
var DEPLOYER_RIGHTS = [
  "eval",
  "evalsha",
  "time",
  "set",
  "get",
  "del",
  "hset",
  "hmget",
  "hgetall",
  "hdel",
  "publish"
];
var TRIALS = {
  eval: () => ["return 1", "0"],
  evalsha: () => ["0".repeat(40), "0"],
  time: () => [],
  set: (text2) => [text2, "1", "PX", "1000"],
  get: (text2) => [text2],
  del: (text2) => [text2],
  hset: (_, hash) => [hash, "field", "1"],
  hget: (_, hash) => [hash, "field"],
  hmget: (_, hash) => [hash, "field"],
  hgetall: (_, hash) => [hash],
  hexists: (_, hash) => [hash, "field"],
  hlen: (_, hash) => [hash],
  hdel: (_, hash) => [hash, "field"],
  publish: (_text, _hash, channel) => [channel, "look"]
};
function isNamedUser({ username }) {
  return username !== void 0 && username !== "default";
}
async function missingRights(client, rights, channel) {
  const [text2, hash] = [`${channel}:trial`, `${channel}:trials`];
  const trials = rights.map((right) => [right, ...TRIALS[right](text2, hash, channel)]);
  const answers = await client.pipeline(trials).exec() ?? [];
  const missing2 = rights.flatMap((right, at) => {
    const message = answers[at]?.[0]?.message ?? "";
    if (!message.startsWith("NOPERM")) return [];
    if (/\bkeys?\b/.test(message)) return ["~deploy-gate:*"];
    return /\bchannels?\b/.test(message) ? ["&deploy-gate:*"] : [`+${right}`];
  });
  return [...new Set(missing2)];
}

// src/deploy/origins.ts
var SELF_SIGNED = "Heroku's Key-Value Store has a self-signed certificate";
var PIN = "redis-tls-fingerprint";
var UNREACHABLE = "Check that the server is up and can be reached from this runner: a Redis in a Private Space or behind a firewall can not. If the clock does not matter now, skip-drain: true deploys without asking it.";
var INPUT_ORIGIN = {
  name: "redis-url",
  pin: PIN,
  wrongUrl: "Correct redis-url, or leave it out: the URL is read from the app's config vars then.",
  staleLogin: "Heroku changes the URL at maintenance and credential resets, so a copy in a secret goes stale: leave redis-url out, and it is read from the app's config vars at each deploy.",
  unsignedCertificate: `${SELF_SIGNED}: leave redis-url out, so that redis-tls: auto accepts it, or pin it with ${PIN}.`,
  unreachable: UNREACHABLE
};
function configVarOrigin(variable, app) {
  return {
    name: `config var ${variable} of ${app}`,
    pin: PIN,
    wrongUrl: `The add-on may have been replaced: heroku config --app ${app} lists what is there, and redis-config-var names another config var.`,
    staleLogin: `Heroku may be changing it just now, as it does at maintenance and credential resets: run the deploy again. If it repeats, ${variable} is not kept by an add-on of this app: heroku config --app ${app} lists what is there, and redis-config-var names another config var.`,
    unsignedCertificate: `${SELF_SIGNED}, which redis-tls: verify refuses: redis-tls: auto accepts it, and ${PIN} pins it.`,
    unreachable: UNREACHABLE
  };
}

// src/deploy/server.ts
async function openServer(plan, needs) {
  const { configVar: configVar2, url: given } = plan.redis;
  const url = given ?? await needs.configVar(configVar2);
  const origin = given === void 0 ? configVarOrigin(configVar2, plan.app) : INPUT_ORIGIN;
  needs.mask(url);
  const address = readRedisUrl2(url, origin);
  for (const secret of secretsOfRedisUrl(url)) needs.mask(secret);
  return openGateServer({ address, trust: trust(plan, given === void 0), origin }, plan.gateName, needs);
}
async function openGateServer({ address, trust: trust2, origin }, gateName, { log, time, signal, patience, asks = false }) {
  const name3 = describeAddress(address);
  const keys = gateKeys(gateName);
  const shownPrints = [];
  const client = await connectRedis(
    {
      address,
      origin,
      key: keys.epoch,
      trust: {
        ...trust2,
        onCertificate(shown) {
          if (!shownPrints.includes(shown) && !trust2.pins && !trust2.verify) {
            log.info(`${name3} shows the certificate with SHA-256 ${shown}; ${origin.pin} can pin it`);
          }
          shownPrints.push(shown);
        }
      }
    },
    log,
    signal,
    patience
  );
  try {
    const before = time.now();
    await answered({ time, numbers: NUMBERS, signal }, async () => {
      await checkHealth(client, name3, origin, log);
      if (asks && isNamedUser(address)) await checkRights(client, keys.reports, name3);
    });
    log.info(`${name3} answers in ${formatDuration(time.now() - before)} (from ${origin.name})`);
  } catch (error2) {
    client.disconnect();
    throw error2;
  }
  return {
    around: {
      host: client,
      keys,
      listen: (onReport) => {
        const ear = listen(
          client,
          keys.reports,
          onReport,
          (error2) => log.warning(
            `${name3}: its user may not listen (${error2.message}), so changes are seen some seconds later; +subscribe and &deploy-gate:* allow it`
          )
        );
        return ear.began;
      },
      time,
      log,
      numbers: NUMBERS,
      signal
    },
    get fingerprint() {
      return address.topology ? void 0 : shownPrints.at(-1);
    },
    async [Symbol.asyncDispose]() {
      client.disconnect();
    }
  };
}
async function checkRights(client, channel, name3) {
  const missing2 = (await missingRights(client, DEPLOYER_RIGHTS, channel)).join(" ");
  if (missing2 === "") return;
  throw new DeployError(
    "preflight-failed",
    `${name3}: the user of the URL lacks rights: ${missing2}.`,
    `Give them to it: ACL SETUSER <user> ${missing2}. The section "Rights" of docs/redis.md has all that are needed in one line.`
  );
}
function trust(plan, fromConfigVars) {
  const { tls, fingerprints } = plan.redis;
  return {
    verify: tls === "verify" || tls === "auto" && !fromConfigVars && fingerprints === void 0,
    ...fingerprints && { pins: fingerprints }
  };
}
function readRedisUrl2(url, origin) {
  try {
    return parseRedisUrl(url);
  } catch (error2) {
    throw new DeployError(
      "preflight-failed",
      `The Redis URL in ${origin.name} can't be used: ${error2.message}.`,
      `It must look like ${REDIS_URL_RULE}. ${origin.wrongUrl}`
    );
  }
}

// src/alarm.ts
var Alarm = class {
  #time;
  #rung = false;
  #waiting;
  constructor(time) {
    this.#time = time;
  }
  ring() {
    this.#rung = true;
    this.#waiting?.abort();
  }
  /** Resolves after `ms`, or at a ring. One wait at a time. */
  async wait(ms) {
    if (!this.#rung && ms > 0) {
      this.#waiting = new AbortController();
      const { signal } = this.#waiting;
      await this.#time.sleep(ms, signal).catch((error2) => {
        if (!signal.aborted) throw error2;
      });
      this.#waiting = void 0;
    }
    this.#rung = false;
  }
};

// src/protocol/reply.ts
var ReplyError = class extends Error {
  name = "ReplyError";
  constructor(script2, reply) {
    super(
      `the ${script2} script gave an answer that this version does not know: ${JSON.stringify(reply)?.slice(0, 200)}`
    );
  }
};
var ReplyReader = class {
  #script;
  #reply;
  #at = 0;
  constructor(script2, reply) {
    if (!Array.isArray(reply)) throw new ReplyError(script2, reply);
    this.#script = script2;
    this.#reply = reply;
  }
  text() {
    const value = this.#reply[this.#at++];
    if (typeof value !== "string") throw this.unknown();
    return value;
  }
  number() {
    const value = this.#reply[this.#at++];
    if (typeof value !== "number") throw this.unknown();
    return value;
  }
  /** A flat list inside the reply, as text. */
  list() {
    const value = this.#reply[this.#at++];
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw this.unknown();
    return value;
  }
  get more() {
    return this.#at < this.#reply.length;
  }
  unknown() {
    return new ReplyError(this.#script, this.#reply);
  }
};

// src/protocol/script.ts
import { createHash } from "node:crypto";

// src/protocol/scripts/prelude.lua
var prelude_default = "-- Put before every script. Times are the server's own, in milliseconds.\nlocal clock = redis.call('TIME')\nlocal now = clock[1] * 1000 + math.floor(clock[2] / 1000)\nlocal now_us = string.format('%.0f', clock[1] * 1000000 + clock[2])\n\nlocal VERSION = '1'\n-- What no listener and no deployer writes is not believed: it would hold a gate for good. A row is forgotten after so many ms, no lease\n-- lasts longer than half of this, and an epoch is at most a century ahead, in microseconds: clocks have been that wrong.\nlocal FORGOTTEN, LONGEST_LEASE, FARTHEST, SET_BACK = 600000, 7200000, 3155760000000000, 10000\n-- Bytes. A row that a beat has written is encoded anew, with six bytes for some characters.\nlocal LONGEST_ID, LONGEST_ROW = 512, 32768\n\n-- Fields of the intent by name; a missing field is false.\nlocal function intent_fields(key, ...)\n  local names, fields = { ... }, {}\n  for index, value in ipairs(redis.call('HMGET', key, ...)) do\n    fields[names[index]] = value\n  end\n  return fields\nend\n\nlocal function in_force(intent)\n  local expiry = tonumber(intent.expiry) or 0\n  return (intent.phase == 'draining' or intent.phase == 'pushing') and expiry > now and expiry <= now + LONGEST_LEASE\nend\n\nlocal function is_epoch(text)\n  return text and string.match(text, '^%d+$') and tonumber(text) < tonumber(now_us) + FARTHEST\nend\n\n-- The phase as the server sees it: an unfinished intent that ran out has lapsed.\nlocal function phase_of(intent)\n  if intent.phase == 'draining' or intent.phase == 'pushing' then\n    return in_force(intent) and intent.phase or 'lapsed'\n  end\n  return (intent.phase == 'released' or intent.phase == 'aborted') and intent.phase or ''\nend\n\n-- A server's clock may have been set back since, though not by so much.\nlocal function is_time(value)\n  return type(value) == 'number' and value >= 0 and value <= now + FORGOTTEN\nend\n\n-- nil for anything that is not a row: one broken row must not stop a gate. Every version of the protocol keeps these fields,\n-- so that a row of another one is told apart and not misread.\nlocal function decode_row(text)\n  if not text or #text > LONGEST_ROW then\n    return nil\n  end\n  local ok, row = pcall(cjson.decode, text)\n  if not ok or type(row) ~= 'table' or type(row.type) ~= 'string' or type(row.dyno) ~= 'string'\n    or type(row.state) ~= 'string' or not is_time(row.seen) or not is_time(row.joined)\n    or type(row['until']) ~= 'number' or not (row['until'] >= 0) then\n    return nil\n  end\n  row['until'] = math.min(row['until'], row.seen + FORGOTTEN)\n  return row\nend\n\n-- participant id -> row\nlocal function read_roster(key)\n  local rows, flat = {}, redis.call('HGETALL', key)\n  for index = 1, #flat, 2 do\n    if #flat[index] <= LONGEST_ID then\n      rows[flat[index]] = decode_row(flat[index + 1])\n    end\n  end\n  return rows\nend\n\nlocal function alive(row)\n  return row.state ~= 'exited' and row['until'] >= now\nend\n\n-- Dyno name -> the latest time at which a participant that is alive joined under it.\nlocal function latest_joins(rows)\n  local joins = {}\n  for _, row in pairs(rows) do\n    if alive(row) and row.joined > (joins[row.dyno] or 0) then\n      joins[row.dyno] = row.joined\n    end\n  end\n  return joins\nend\n\n-- Not heard of since another boot of the same dyno joined: that boot took its place.\nlocal function replaced(row, joins)\n  return (joins[row.dyno] or 0) > row.joined and row.seen < joins[row.dyno]\nend\n\n-- Why an intent is not ours to write any more; nil while it is.\nlocal function lost(intent, id, epoch)\n  if not intent.id then\n    return 'missing'\n  end\n  if intent.id ~= id or intent.epoch ~= epoch then\n    return 'superseded'\n  end\n  if intent.phase ~= 'draining' and intent.phase ~= 'pushing' then\n    return 'finished'\n  end\n  if not in_force(intent) then\n    return 'lapsed'\n  end\n  -- The lease was given before now, by a clock that was set back since: nobody can tell how long the holds last that it told of. Less\n  -- than a margin does no harm.\n  if (tonumber(intent.given) or 0) > now + SET_BACK then\n    return 'set-back'\n  end\n  return nil\nend\n";

// src/protocol/script.ts
function script(name3, body) {
  const text2 = `${prelude_default}
${body}`;
  return { name: name3, text: text2, sha: createHash("sha1").update(text2).digest("hex") };
}
async function run(host, { sha, text: text2 }, keys, args) {
  try {
    return await host.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error2) {
    if (!(error2 instanceof Error && error2.message.startsWith("NOSCRIPT"))) throw error2;
    return await host.eval(text2, keys.length, ...keys, ...args);
  }
}

// src/protocol/scripts/exchange.lua
var exchange_default = "-- Puts one announcement in the place of another, if that one is there. With two empty texts it only tells what is there.\n-- KEYS: announced   ARGV: text that must be there ('' for none), text to put there ('' for none), ms that it lasts\n-- Replies: 1 or 0: whether the text is there now, what was there before\nlocal before, after, life = unpack(ARGV)\nlocal current = redis.call('GET', KEYS[1]) or ''\nif #current > LONGEST_ROW then\n  -- Nobody wrote this: it is as good as none.\n  current = ''\nend\nif current ~= before then\n  -- Executed again, or another was faster.\n  return { current == after and 1 or 0, current }\nend\nif after ~= '' then\n  redis.call('SET', KEYS[1], after, 'PX', life)\nelseif before ~= '' then\n  redis.call('DEL', KEYS[1])\nend\nreturn { 1, current }\n";

// src/protocol/announced.ts
var exchangeScript = script("exchange", exchange_default);
async function exchange(host, keys, { before, after, lifeMs }) {
  const reply = new ReplyReader(
    "exchange",
    await run(host, exchangeScript, [keys.announced], [before, after, Math.round(lifeMs)])
  );
  return { done: reply.number() === 1, current: reply.text() };
}
async function readAnnounced(host, keys) {
  return (await exchange(host, keys, { before: "", after: "", lifeMs: 1 })).current;
}

// src/protocol/owner.ts
function lostReply(kind, reply) {
  if (kind !== "lost") throw reply.unknown();
  const why = reply.text();
  return { kind, why, asker: reply.more ? reply.text() : "" };
}

// src/protocol/scripts/acquire.lua
var acquire_default = "-- Puts a drain in force, unless another one is.\n-- KEYS: intent, epoch, roster\n-- ARGV: id, lease ms, not after (server ms), asker, replaced release, doorbell, then process type, at least, ...\n-- Replies: granted, epoch, ms left | done, phase | late, now | busy, asker, ms left, phase, id | version, theirs\nlocal id, lease, not_after, asker, replaces, doorbell = unpack(ARGV, 1, 6)\nlocal intent = intent_fields(KEYS[1], 'v', 'id', 'epoch', 'phase', 'expiry', 'asker')\n\nif intent.id == id then\n  if in_force(intent) then\n    return { 'granted', intent.epoch, intent.expiry - now }\n  end\n  return { 'done', phase_of(intent) }\nend\nif in_force(intent) and intent.v ~= VERSION then\n  return { 'version', intent.v or '' }\nend\nif in_force(intent) then\n  return { 'busy', intent.asker, intent.expiry - now, intent.phase, intent.id }\nend\n-- A request that was stuck in a dead connection must not drain anybody for a deploy that is over.\nif now > tonumber(not_after) then\n  return { 'late', now }\nend\n\nlocal rows = read_roster(KEYS[3])\nlocal epoch, farthest = tonumber(now_us), tonumber(now_us) + FARTHEST\nlocal function above(other)\n  other = tonumber(other or 0)\n  if other and other >= epoch and other < farthest then\n    epoch = other + 1\n  end\nend\nabove(redis.call('GET', KEYS[2]))\nabove(intent.epoch)\nfor _, row in pairs(rows) do\n  above(row.epoch)\nend\nepoch = string.format('%.0f', epoch)\n\nredis.call('SET', KEYS[2], epoch)\nredis.call('DEL', KEYS[1])\nredis.call('HSET', KEYS[1], 'v', VERSION, 'id', id, 'epoch', epoch, 'phase', 'draining', 'lease', lease,\n  'expiry', string.format('%.0f', now + lease), 'asker', asker, 'replaces', replaces, 'began', string.format('%.0f', now),\n  'given', string.format('%.0f', now))\nlocal counts = {}\nfor index = 7, #ARGV, 2 do\n  redis.call('HSET', KEYS[1], 'type:' .. ARGV[index], ARGV[index + 1])\n  counts[ARGV[index]] = 0\nend\n\nlocal joins = latest_joins(rows)\nfor participant, row in pairs(rows) do\n  if row['until'] < now - FORGOTTEN then\n    redis.call('HDEL', KEYS[3], participant)\n  elseif counts[row.type] and alive(row) and not replaced(row, joins) then\n    redis.call('HSET', KEYS[1], 'target:' .. participant, row.dyno)\n    counts[row.type] = counts[row.type] + 1\n  end\nend\nfor process, count in pairs(counts) do\n  redis.call('HSET', KEYS[1], 'count:' .. process, count)\nend\nredis.call('PUBLISH', doorbell, 'beat')\nreturn { 'granted', epoch, tonumber(lease) }\n";

// src/protocol/scripts/finish.lua
var finish_default = "-- Ends a drain: released (the new release runs) or aborted (back to scheduling). A no-op for anybody but its owner.\n-- KEYS: intent   ARGV: id, epoch ('' when its owner never learned it), 'released' or 'aborted', doorbell\n-- Replies: finished, phase | already, phase | not-ours\nlocal id, epoch, phase, doorbell = unpack(ARGV)\nlocal intent = intent_fields(KEYS[1], 'id', 'epoch', 'phase', 'expiry')\nif intent.id ~= id or (epoch ~= '' and intent.epoch ~= epoch) then\n  return { 'not-ours' }\nend\nif intent.phase ~= 'draining' and intent.phase ~= 'pushing' then\n  return { 'already', intent.phase or '' }\nend\nredis.call('HSET', KEYS[1], 'phase', phase, 'finished', string.format('%.0f', now))\nredis.call('PUBLISH', doorbell, 'beat')\nreturn { 'finished', phase }\n";

// src/protocol/scripts/force.lua
var force_default = "-- Tells the participants to abort running jobs, store them, and acknowledge.\n-- KEYS: intent   ARGV: id, epoch, doorbell\n-- Replies: forced | lost, why, asker\nlocal id, epoch, doorbell = unpack(ARGV)\nlocal intent = intent_fields(KEYS[1], 'id', 'epoch', 'phase', 'expiry', 'given', 'asker', 'force')\nlocal why = lost(intent, id, epoch)\nif why then\n  return { 'lost', why, intent.asker or '' }\nend\nif intent.force ~= '1' then\n  redis.call('HSET', KEYS[1], 'force', '1')\n  redis.call('PUBLISH', doorbell, 'beat')\nend\nreturn { 'forced' }\n";

// src/protocol/scripts/renew.lua
var renew_default = "-- Extends the lease of a drain that is ours and still in force; never shortens it.\n-- KEYS: intent   ARGV: id, epoch, lease ms\n-- Replies: renewed, ms left | lost, why, asker\nlocal id, epoch, lease = unpack(ARGV)\nlocal intent = intent_fields(KEYS[1], 'id', 'epoch', 'phase', 'expiry', 'given', 'asker')\nlocal why = lost(intent, id, epoch)\nif why then\n  return { 'lost', why, intent.asker or '' }\nend\nlocal expiry = math.max(tonumber(intent.expiry), now + lease)\nredis.call('HSET', KEYS[1], 'expiry', string.format('%.0f', expiry), 'given', string.format('%.0f', now))\nreturn { 'renewed', expiry - now }\n";

// src/protocol/drain.ts
var acquireScript = script("acquire", acquire_default);
var finishScript = script("finish", finish_default);
var forceScript = script("force", force_default);
var renewScript = script("renew", renew_default);
async function acquire(host, keys, request) {
  const { id, leaseMs, notAfter, asker, replaces, asked } = request;
  const reply = new ReplyReader(
    "acquire",
    await run(
      host,
      acquireScript,
      [keys.intent, keys.epoch, keys.roster],
      [id, leaseMs, notAfter, asker, replaces, keys.doorbell, ...[...asked].flat()]
    )
  );
  switch (reply.text()) {
    case "granted":
      return { kind: "granted", epoch: reply.text(), leftMs: reply.number() };
    case "done":
      return { kind: "done", phase: reply.text() };
    case "late":
      return { kind: "late" };
    case "version":
      return { kind: "version", theirs: reply.text() };
    case "busy":
      return { kind: "busy", asker: reply.text(), leftMs: reply.number(), phase: reply.text() };
    default:
      throw reply.unknown();
  }
}
async function renew(host, keys, { id, epoch }, leaseMs) {
  const reply = new ReplyReader("renew", await run(host, renewScript, [keys.intent], [id, epoch, leaseMs]));
  const kind = reply.text();
  if (kind === "renewed") return { kind, leftMs: reply.number() };
  return lostReply(kind, reply);
}
async function force(host, keys, { id, epoch }) {
  const reply = new ReplyReader(
    "force",
    await run(host, forceScript, [keys.intent], [id, epoch, keys.doorbell])
  );
  const kind = reply.text();
  return kind === "forced" ? { kind } : lostReply(kind, reply);
}
async function finish(host, keys, { id, epoch }, ending) {
  const reply = new ReplyReader(
    "finish",
    await run(host, finishScript, [keys.intent], [id, epoch, ending, keys.doorbell])
  );
  const kind = reply.text();
  if (kind === "finished" || kind === "already" || kind === "not-ours") return kind;
  throw reply.unknown();
}

// src/protocol/scripts/look.lua
var look_default = "-- What is there, read in one step; changes nothing. What is too long to be a row, or the name of one, is left out.\n-- KEYS: intent, roster\n-- Replies: now, intent as field, value, ..., roster as participant id, row, ...\nlocal rows, flat = {}, redis.call('HGETALL', KEYS[2])\nfor index = 1, #flat, 2 do\n  if #flat[index] <= LONGEST_ID and #flat[index + 1] <= LONGEST_ROW then\n    rows[#rows + 1] = flat[index]\n    rows[#rows + 1] = flat[index + 1]\n  end\nend\nreturn { now, redis.call('HGETALL', KEYS[1]), rows }\n";

// src/protocol/look.ts
var lookScript = script("look", look_default);
async function look(host, keys) {
  const reply = new ReplyReader("look", await run(host, lookScript, [keys.intent, keys.roster], []));
  const now = reply.number();
  const fields2 = pairs(reply.list());
  const rows = pairs(reply.list()).flatMap(([id, text2]) => {
    const row = parseRow(id, text2);
    return row && row.seen <= now + FORGOTTEN_MS ? row : [];
  });
  const field = Object.fromEntries(fields2);
  const intent = field.id && {
    v: field.v ?? "",
    id: field.id,
    epoch: field.epoch ?? "",
    phase: field.phase ?? "",
    leaseMs: Number(field.lease ?? 0),
    ...field.given !== void 0 && { given: Number(field.given) },
    expiry: Number(field.expiry),
    began: Number(field.began ?? 0),
    ...field.committed !== void 0 && { committed: Number(field.committed) },
    ...field.finished !== void 0 && { finished: Number(field.finished) },
    replaces: field.replaces ?? "",
    asker: field.asker ?? "",
    targets: fields2.flatMap(([name3]) => name3.startsWith("target:") ? [name3.slice("target:".length)] : [])
  };
  return { now, intent: intent || void 0, rows };
}
var LONGEST_LEASE_MS = 72e5;
function isInForce2({ phase, expiry }, now) {
  return (phase === "draining" || phase === "pushing") && expiry > now && expiry <= now + LONGEST_LEASE_MS;
}
function pairs(flat) {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? "", flat[2 * at + 1] ?? ""]);
}

// src/gate/lease.ts
var Lease = class {
  #renew;
  #time;
  #log;
  #numbers;
  #stop = new AbortController();
  #onLost;
  #leaseMs;
  #until;
  #loss;
  /** @param sentAt when the request was sent that this lease came with: it is counted from there, never from its answer */
  constructor(renew2, { time, log, numbers, onLost }, sentAt, leftMs) {
    this.#renew = renew2;
    this.#time = time;
    this.#log = log;
    this.#numbers = numbers;
    this.#onLost = onLost;
    this.#leaseMs = numbers.drainLeaseMs;
    this.#until = sentAt + leftMs;
    void this.#keep();
  }
  /** Set once the lease is lost. */
  get loss() {
    return this.#loss;
  }
  /** ms that the lease lasts for sure; 0 when it is over. */
  get leftMs() {
    return Math.max(0, this.#until - this.#time.now());
  }
  /** The commit gave a longer one. */
  extended(sentAt, leftMs) {
    this.#leaseMs = this.#numbers.pushLeaseMs;
    this.#until = Math.max(this.#until, sentAt + leftMs);
  }
  /** No more renewals. */
  stop() {
    this.#stop.abort();
  }
  async #keep() {
    const { signal } = this.#stop;
    let delay2 = this.#numbers.renewEveryMs;
    for (; ; ) {
      try {
        await this.#time.sleep(delay2, signal);
      } catch {
        return;
      }
      const sentAt = this.#time.now();
      try {
        const answer = await this.#renew(this.#leaseMs);
        if (signal.aborted) return;
        if (answer.kind === "lost") return this.#lose(answer.why, answer.asker);
        this.#until = sentAt + answer.leftMs;
        delay2 = this.#numbers.renewEveryMs;
      } catch (error2) {
        if (signal.aborted) return;
        if (this.leftMs === 0) return this.#lose("unreachable", "");
        this.#log.warning(
          `the drain could not be renewed (${error2.message}); it lasts another ${formatDuration(this.leftMs)} without`
        );
        delay2 = Math.min(this.#numbers.renewAgainMs, this.leftMs);
      }
    }
  }
  #lose(why, asker) {
    this.#loss = { why, asker };
    this.#until = this.#time.now();
    this.#onLost();
  }
};

// src/gate/leased-contact.ts
var LeasedContact = class {
  #around;
  #lease;
  #lost;
  #alarm;
  #startedAt;
  #ended = false;
  #restMs = 0;
  /**
   * @param sentAt when the request was sent that the lease of `leftMs` came with
   * @param askedMs how long before that the drain was asked for
   */
  constructor(around, { renew: renew2, lost }, sentAt, leftMs, askedMs = 0) {
    this.#around = around;
    this.#lost = lost;
    this.#startedAt = sentAt - askedMs;
    this.#alarm = new Alarm(around.time);
    const { time, log, numbers, signal } = around;
    signal.addEventListener("abort", this.ring);
    this.#lease = new Lease(renew2, { time, log, numbers, onLost: this.ring }, sentAt, leftMs);
  }
  /** Cuts a wait short. */
  ring = () => this.#alarm.ring();
  /** ms since the request. */
  get elapsedMs() {
    return this.#around.time.now() - this.#startedAt;
  }
  get lease() {
    return this.#lease;
  }
  /** whether `end` was called */
  get ended() {
    return this.#ended;
  }
  /** No more renewals: the drain is finished, or left to its lease, whose end is no error any more. */
  end() {
    this.#ended = true;
    this.#lease.stop();
  }
  /** What was read had so many rows: the next wait is no shorter than they are worth, whoever rings. */
  rest(rows) {
    this.#restMs = Math.floor(rows * this.#around.numbers.lookRestPerRowMs);
  }
  close() {
    this.#lease.stop();
    this.#around.signal.removeEventListener("abort", this.ring);
  }
  /**
   * Does `work`, and again while Redis is away: how long that may last is the lease's to say, or `untilMs`, in ms since the request.
   * @throws DeployError (`lease-lost`); the outage's own error when `untilMs` is over
   */
  async insist(work, untilMs = Number.POSITIVE_INFINITY) {
    for (; ; ) {
      this.#check();
      try {
        const result = await work();
        this.#check();
        return result;
      } catch (error2) {
        this.#check();
        if (!isOutage(error2) || this.elapsedMs >= untilMs) throw error2;
        await this.pause(this.#around.numbers.renewAgainMs);
      }
    }
  }
  /**
   * Waits for a ring, `ms` at the longest.
   * @throws DeployError (`lease-lost`)
   */
  async pause(ms) {
    await this.wait(ms);
    this.#check();
  }
  /** As `pause`, but whatever became of lease and deploy. */
  async wait(ms) {
    const { time, signal } = this.#around;
    const restMs = Math.min(this.#restMs, ms);
    if (restMs > 0) await time.sleep(restMs, signal).catch(() => {
    });
    await this.#alarm.wait(ms - restMs);
  }
  #check() {
    this.#around.signal.throwIfAborted();
    const { loss } = this.#lease;
    if (loss && !this.#ended) throw this.#lost(loss.why, loss.asker);
  }
};

// src/gate/contact.ts
var Contact = class extends LeasedContact {
  #around;
  #owner;
  /**
   * @param sentAt when the request was sent that the lease of `leftMs` came with
   * @param askedMs how long before that the drain was asked for
   */
  constructor(around, owner, sentAt, leftMs, askedMs = 0) {
    const renewal = (leaseMs) => renew(around.host, around.keys, owner, leaseMs);
    super(around, { renew: renewal, lost: leaseLost }, sentAt, leftMs, askedMs);
    this.#around = around;
    this.#owner = owner;
  }
  /** Lets reports of participants cut waits short. */
  async begin() {
    await this.#around.listen(this.ring);
  }
  /**
   * Ends the drain. Never rejects.
   * @returns whether it was this deploy's to end, and the server knows
   */
  async finish(ending) {
    const { host, keys, log, time, numbers, signal } = this.#around;
    const forMs = signal.aborted ? 0 : numbers.resumeWatchMs;
    const patience = { time, againMs: numbers.renewAgainMs, forMs };
    const { leftMs } = this.lease;
    this.end();
    try {
      const answer = await outlast(patience, () => finish(host, keys, this.#owner, ending));
      if (answer === "not-ours")
        log.warning("the drain was not this deploy's any more when it ended, so nothing was changed");
      return answer !== "not-ours";
    } catch (error2) {
      const then = leftMs > 0 ? `resume by themselves within ${formatDuration(leftMs)}` : "have resumed by themselves";
      log.warning(
        `Redis could not be told that the drain is ${ending} (${error2.message}); held participants ${then}`
      );
      return false;
    }
  }
  /** Who takes part now. @param untilMs as in `insist` */
  async read(untilMs) {
    const view = await this.insist(() => look(this.#around.host, this.#around.keys), untilMs);
    this.rest(view.rows.length);
    return view;
  }
};

// src/gate/led.ts
async function untilOpened(drain, over, tell) {
  const { around, contact, owner } = drain;
  const { host, keys, numbers, signal, time } = around;
  over.addEventListener("abort", contact.ring);
  try {
    for (; ; ) {
      signal.throwIfAborted();
      const last = over.aborted;
      const sentAt = time.now();
      const view = await look(host, keys).catch((error2) => {
        if (!isOutage(error2)) throw error2;
      });
      if (view) {
        tell(view);
        const { intent, now } = view;
        const phase = intent?.epoch === owner.epoch ? intent.phase : "";
        if (phase === "pushing") contact.lease.extended(sentAt, (intent?.expiry ?? 0) - now);
        if (phase === "released") contact.end();
        if (phase === "pushing" || phase === "released") return true;
        if (phase === "aborted") return false;
      }
      if (last || contact.lease.loss) return false;
      await contact.wait(view ? numbers.lookEveryMs : numbers.renewAgainMs);
    }
  } finally {
    over.removeEventListener("abort", contact.ring);
  }
}

// src/protocol/scripts/commit.lua
var commit_default = "-- The gate itself: draining -> pushing, only if everybody is drained at this epoch and stays held for the margin.\n-- KEYS: intent, roster\n-- ARGV: id, epoch, margin ms, push lease ms, 'strict' or 'anyway', doorbell, then process type, at least, ...\n-- Replies: granted, ms left | lost, why, asker | blocked, then why, dyno, process type, detail, participant id, ...\nlocal id, epoch, margin, push_lease, mode, doorbell = unpack(ARGV, 1, 6)\nlocal intent = {}\nlocal fields = redis.call('HGETALL', KEYS[1])\nfor index = 1, #fields, 2 do\n  intent[fields[index]] = fields[index + 1]\nend\nlocal why = lost(intent, id, epoch)\nif why then\n  return { 'lost', why, intent.asker or '' }\nend\n\nmargin = tonumber(margin)\nlocal rows = read_roster(KEYS[2])\nlocal joins = latest_joins(rows)\nlocal reply, held, asked = { 'blocked' }, {}, {}\nlocal function block(reason, dyno, process, detail, participant)\n  for _, value in ipairs({ reason, dyno, process, detail, participant }) do\n    reply[#reply + 1] = value\n  end\nend\nfor index = 7, #ARGV, 2 do\n  asked[ARGV[index]] = tonumber(ARGV[index + 1])\n  held[ARGV[index]] = 0\nend\n\n-- No answer has ever told a participant of more than the lease.\nlocal function hold_of(row)\n  local hold = tonumber(row.hold) or 0\n  return hold <= tonumber(intent.expiry) and hold or 0\nend\n\nfor participant, row in pairs(rows) do\n  local target = intent['target:' .. participant]\n  if (asked[row.type] or target) and row.state ~= 'exited' and not replaced(row, joins) then\n    if not alive(row) then\n      if target then\n        block('silent', row.dyno, row.type, string.format('%.0f', now - row.seen), participant)\n      end\n    elseif row.v ~= VERSION then\n      block('version', row.dyno, row.type, tostring(row.v), participant)\n    elseif row.seen > now then\n      -- The clock was set back since: by this one the row looks fresh, and its hold long, for as much longer.\n      block('set-back', row.dyno, row.type, string.format('%.0f', row.seen - now), participant)\n    elseif row.epoch ~= epoch or row.state ~= 'drained' then\n      block(row.epoch == epoch and row.state or 'unanswered', row.dyno, row.type, tostring(row.running or 0), participant)\n    elseif hold_of(row) < now + margin then\n      block('short-hold', row.dyno, row.type, string.format('%.0f', hold_of(row) - now), participant)\n    else\n      held[row.type] = (held[row.type] or 0) + 1\n    end\n  end\nend\nfor field, dyno in pairs(intent) do\n  local participant = string.match(field, '^target:(.*)$')\n  if participant and not rows[participant] then\n    block('gone', dyno, '', '', participant)\n  end\nend\nfor process, at_least in pairs(asked) do\n  local need = math.max(at_least, tonumber(intent['count:' .. process] or 0))\n  if held[process] < need then\n    block('too-few', '', process, held[process] .. '/' .. need, '')\n  end\nend\nif intent.expiry - now < margin then\n  block('short-lease', '', '', tostring(intent.expiry - now), '')\nend\nif #reply > 1 and mode ~= 'anyway' then\n  return reply\nend\n-- Executed again. The reply may have been lost for long, and who was cut off meanwhile has resumed: that was looked at above.\nif intent.phase == 'pushing' then\n  return { 'granted', intent.expiry - now }\nend\n\nlocal expiry = math.max(tonumber(intent.expiry), now + push_lease)\nredis.call('HSET', KEYS[1], 'phase', 'pushing', 'lease', push_lease, 'expiry', string.format('%.0f', expiry), 'given', string.format('%.0f', now),\n  'committed', string.format('%.0f', now))\nredis.call('PUBLISH', doorbell, 'beat')\nreturn { 'granted', expiry - now }\n";

// src/protocol/commit.ts
var commitScript = script("commit", commit_default);
async function commit(host, keys, { id, epoch }, terms) {
  const { marginMs, pushLeaseMs, asked, anyway } = terms;
  const reply = new ReplyReader(
    "commit",
    await run(
      host,
      commitScript,
      [keys.intent, keys.roster],
      [id, epoch, marginMs, pushLeaseMs, anyway ? "anyway" : "strict", keys.doorbell, ...[...asked].flat()]
    )
  );
  const kind = reply.text();
  if (kind === "granted") return { kind, leftMs: reply.number() };
  if (kind !== "blocked") return lostReply(kind, reply);
  const blockers2 = [];
  while (reply.more) {
    const why = reply.text();
    blockers2.push({ why, dyno: reply.text(), type: reply.text(), detail: reply.text(), id: reply.text() });
  }
  return { kind, blockers: blockers2 };
}

// src/gate/opening.ts
async function untilGranted({ around, contact, owner, asked, look: look2, drained }, anyway) {
  const { host, keys, numbers, log, time } = around;
  const { marginMs, pushLeaseMs } = numbers;
  const deadline = contact.elapsedMs + marginMs;
  let told = "";
  for (; ; ) {
    let sentAt = time.now();
    const answer = await contact.insist(() => {
      sentAt = time.now();
      return commit(host, keys, owner, { marginMs, pushLeaseMs, asked, anyway });
    });
    if (answer.kind === "granted") {
      contact.lease.extended(sentAt, answer.leftMs);
      if (time.now() - sentAt < marginMs) return;
      continue;
    }
    if (answer.kind === "lost") throw leaseLost(answer.why, answer.asker);
    const why = blockers(answer.blockers);
    const news = answer.blockers.map(({ id, type, why: why2 }) => `${id} ${type} ${why2}`).sort().join();
    if (news !== told) log.info(`the gate stays shut: ${why}`);
    told = news;
    if (answer.blockers.some(({ why: why2 }) => why2 === "failed")) await drained();
    if (contact.elapsedMs >= deadline) throw neverOpened(why);
    await contact.pause(Math.min(numbers.lookEveryMs, 1e3));
    await look2();
  }
}

// src/gate/quiet.ts
function isQuiet(row, epoch) {
  return row.epoch === epoch && (row.state === "draining" || row.state === "drained");
}
function isHeld(row, epoch, now) {
  return isAlive(row, now) && isQuiet(row, epoch);
}
async function awaitTold({ host, keys, numbers, time }, epoch, wait) {
  const deadline = time.now() + numbers.resumeWatchMs;
  for (; ; ) {
    const view = await look(host, keys).catch(() => void 0);
    const waiting = view && untold(view, epoch);
    if (waiting?.length === 0 || time.now() >= deadline) return waiting;
    await wait(Math.min(250, numbers.lookEveryMs));
  }
}
function untold({ intent, rows, now }, epoch) {
  const since = intent?.epoch === epoch && intent.committed || Number.POSITIVE_INFINITY;
  return rows.filter((row) => isHeld(row, epoch, now) && row.seen < since).map(({ dyno }) => dyno).sort();
}

// src/gate/successor.ts
function successors({ rows, now }, types, epoch, release2) {
  const schedules = rows.filter(
    (row) => row.state === "running" && isAlive(row, now) && (row.after === epoch || row.release === release2)
  );
  return types.map((type) => {
    const [first] = schedules.filter((one) => one.type === type).sort((a, b) => a.joined - b.joined);
    return { type, ...first && { dyno: first.dyno, sinceMs: Math.max(0, now - first.joined) } };
  });
}

// src/gate/telling.ts
var MOST_LINES2 = 10;
function linesOf(changes) {
  const kinds = /* @__PURE__ */ new Map();
  for (const change of changes) {
    const alike = kinds.get(change.kind);
    if (alike) alike.push(change);
    else kinds.set(change.kind, [change]);
  }
  return [...kinds].flatMap(
    ([kind, alike]) => alike.length > MOST_LINES2 ? together2(kind, alike) : alike.map(({ line }) => line)
  );
}
function together2(kind, alike) {
  const them = alike.map(({ of }) => of);
  const who = enumerate(them.map(({ dyno }) => dyno));
  const [finished, stored, lost] = [sum(them, "finished"), sum(them, "stored"), sum(them, "lost")];
  const jobs = `${count(sum(them, "running"), "job")} running, ${finished} finished, ${stored} stored`;
  const lostJobs2 = lost > 0 ? `; ${count(lost, "job")} ran in them and ${lost === 1 ? "is" : "are"} lost` : "";
  switch (kind) {
    case "asked":
      return `${who} are asked to drain`;
    case "foreign":
      return `${who} speak another version of the drain protocol than this deploy: they can't be asked`;
    case "accepted":
      return `${who} accepted: ${jobs}`;
    case "progress":
      return `${who}: ${jobs}`;
    case "drained":
      return `${who} are drained: ${finished} finished, ${stored} stored`;
    case "refused":
      return `${who} refuse to drain`;
    case "ended":
      return `${who} ended; waiting for Heroku to start them again`;
    case "resumed":
      return `${who} are scheduling again`;
    case "silent":
      return `${who} have not been heard of for some time${lostJobs2}`;
    case "gone":
      return `${who} are gone from the roster${lostJobs2}`;
  }
}
function sum(them, field) {
  return them.reduce((total, one) => total + one[field], 0);
}

// src/gate/verdict.ts
function judge(participants, terms, nowMs) {
  const latest = latestBoots(participants);
  const present = participants.filter((one) => one.state !== "exited" && !isReplaced(one, latest));
  const undrained = present.filter((one) => one.state !== "drained");
  const short2 = [];
  const missing2 = [];
  for (const { type, atLeast, demanded } of terms.asked) {
    const have = present.filter((one) => one.type === type && one.state !== "silent").length;
    const atRequest = participants.filter((one) => one.type === type && one.fromStart).length;
    const need = Math.max(atLeast, atRequest);
    if (have >= need) continue;
    const forgivable = terms.onMissingClock === "deploy" && !demanded;
    short2.push({ type, have, need, forgivable });
    if (atRequest < atLeast && nowMs >= terms.acknowledgeTimeoutMs)
      missing2.push({ type, have, need, forgivable });
  }
  return {
    refused: present.filter((one) => one.state === "failed"),
    late: undrained.filter(
      (one) => one.acceptedMs === void 0 && nowMs >= one.seenMs + terms.acknowledgeTimeoutMs
    ),
    undrained,
    short: short2,
    missing: missing2
  };
}
function latestBoots(participants) {
  const latest = /* @__PURE__ */ new Map();
  for (const { state, dyno, seenMs } of participants) {
    if (state !== "silent" && seenMs >= (latest.get(dyno) ?? 0)) latest.set(dyno, seenMs);
  }
  return latest;
}
function isReplaced({ state, dyno, seenMs }, latest) {
  return state === "silent" && (latest.get(dyno) ?? 0) > seenMs;
}

// src/gate/hold.ts
var CANCELLED_WATCH_MS = 2e3;
var Hold = class {
  owner;
  #around;
  #terms;
  #progress;
  #contact;
  /** types too few take part with, and that is accepted */
  #forgiven = /* @__PURE__ */ new Set();
  /**
   * @param sentAt when the request was sent that the lease of `leftMs` came with
   * @param askedMs how long before that the drain was asked for, if not by this process
   */
  constructor(around, { id, epoch }, terms, sentAt, leftMs, askedMs = 0) {
    this.owner = { id, epoch };
    this.#around = around;
    this.#terms = terms;
    this.#progress = new Progress(epoch, this.#types);
    this.#contact = new Contact(around, this.owner, sentAt, leftMs, askedMs);
  }
  /** Starts listening. */
  async begin() {
    await this.#contact.begin();
    await this.#look();
  }
  get participants() {
    return this.#progress.participants;
  }
  /** ms since the request. */
  get elapsedMs() {
    return this.#contact.elapsedMs;
  }
  /** How long no asked participant was scheduling; still counting while that lasts. */
  get quietMs() {
    return this.#progress.quietMs(this.elapsedMs);
  }
  /**
   * Waits until everybody is drained. Resolves with true, or with false when the time was up and the terms say to deploy anyway.
   * @throws DeployError (`missing-clock`, `not-acknowledged`, `refused`, `drain-timeout`, `lease-lost`)
   */
  async drained() {
    const { onDrainTimeout, drainTimeoutMs, acknowledgeTimeoutMs } = this.#terms;
    const { log, numbers } = this.#around;
    let deadline = drainTimeoutMs;
    let forced = false;
    for (; ; ) {
      await this.#look();
      let verdict = this.#judge();
      if (verdict.refused.length > 0) throw refused(verdict.refused);
      if (verdict.late.length > 0) throw notAcknowledged(verdict.late, acknowledgeTimeoutMs);
      const fatal = verdict.missing.filter(({ forgivable }) => !forgivable);
      if (fatal.length > 0) throw missingClock(fatal, acknowledgeTimeoutMs, this.#absent(fatal));
      if (verdict.missing.length > 0) {
        this.#forgive(verdict.missing);
        verdict = this.#judge();
      }
      if (verdict.undrained.length === 0 && verdict.short.length === 0) return true;
      if (this.elapsedMs >= deadline) {
        const late2 = drainTimeout(verdict, drainTimeoutMs, forced);
        if (onDrainTimeout === "deploy") {
          log.warning(
            `${late2.message} Deploying all the same, as on-drain-timeout: deploy says: what runs may be killed.`
          );
          return false;
        }
        if (onDrainTimeout === "fail" || forced) throw late2;
        log.warning(
          `${late2.message} Telling the participants to abort what runs and store it, as on-drain-timeout: force says.`
        );
        await this.#force();
        forced = true;
        deadline = this.elapsedMs + numbers.forceGraceMs;
      }
      await this.#contact.pause(Math.min(numbers.lookEveryMs, Math.max(0, deadline - this.elapsedMs)));
    }
  }
  /**
   * Opens the gate, if the server agrees that everybody is held long enough: from here on the push may begin.
   * @param anyway open it whoever is not drained
   * @throws DeployError (`drain-timeout`, `lease-lost`)
   */
  async commit(anyway = false) {
    await untilGranted(
      {
        ...{ around: this.#around, contact: this.#contact, owner: this.owner },
        asked: new Map(this.#stillAsked.map(({ type, atLeast }) => [type, atLeast])),
        look: () => this.#look(),
        drained: () => this.drained()
      },
      anyway
    );
  }
  /**
   * Follows a drain that another process leads, and tells of it, until that process has opened the gate.
   * @param over aborts when there is nothing more to wait for
   * @returns false if `over` aborts first, or the drain ends: why, its leader knows
   * @throws the signal's reason
   */
  async opened(over) {
    const drain = { around: this.#around, contact: this.#contact, owner: this.owner };
    return await untilOpened(drain, over, (view) => this.#tell(view));
  }
  /** What a person should know about the hold while the deploy runs; empty when all is well. */
  async concerns() {
    const { loss } = this.#contact.lease;
    if (loss) return [leaseLost(loss.why, loss.asker).message];
    const view = await look(this.#around.host, this.#around.keys);
    const changes = this.#progress.update(view, this.elapsedMs).filter(({ of }) => of.state === "running" || of.state === "failed" || of.state === "silent");
    return linesOf(changes).map((line) => `${line}, while the deploy runs`);
  }
  /** The new release runs: the held participants stay quiet for their SIGTERM. Never rejects: by now the deploy has happened. */
  async release() {
    await this.#contact.finish("released");
  }
  /**
   * Waits until everybody has been told how long the lease of the commit is, and leaves them held until its end, with nobody behind it.
   * @returns ms that the hold lasts from now, and the dynos that have not been told so for sure
   * @throws DeployError (`lease-lost`)
   */
  async leave() {
    const { maxHoldMs } = this.#around.numbers;
    const untold2 = await awaitTold(this.#around, this.owner.epoch, (ms) => this.#contact.pause(ms));
    const { host, keys } = this.#around;
    const kept = await this.#contact.insist(() => renew(host, keys, this.owner, 0));
    if (kept.kind === "lost") throw leaseLost(kept.why, kept.asker);
    this.#contact.end();
    return {
      leftMs: Math.min(this.#contact.lease.leftMs, Math.max(0, maxHoldMs - this.elapsedMs)),
      untold: untold2 ?? this.#progress.held.map(({ dyno }) => dyno)
    };
  }
  /**
   * Waits until a participant that booted after the commit is seen for each asked process type.
   * @param over ends the wait with its reason
   * @returns the dynos that were seen
   * @throws DeployError (`clock-not-seen`)
   */
  async successor(waitMs, release2, over) {
    const deadline = this.elapsedMs + waitMs;
    for (; ; ) {
      over?.throwIfAborted();
      const view = await this.#contact.read(deadline).catch((error2) => {
        throw isOutage(error2) ? clockUnknown(this.#types, error2, release2) : error2;
      });
      const seen = successors(view, this.#types, this.owner.epoch, release2);
      const dynos = seen.flatMap(({ dyno }) => dyno ?? []);
      const longestMs = Math.max(...seen.map(({ sinceMs = 0 }) => sinceMs));
      if (dynos.length > 0) this.#progress.quietEnded(this.elapsedMs - longestMs);
      const missing2 = seen.flatMap(({ type, dyno }) => dyno === void 0 ? type : []);
      if (missing2.length === 0) return dynos;
      if (this.elapsedMs >= deadline) throw clockNotSeen(missing2, waitMs, release2);
      await this.#contact.pause(
        Math.min(this.#around.numbers.lookEveryMs, Math.max(0, deadline - this.elapsedMs))
      );
    }
  }
  /** Gives the participants back to their schedules, unless the drain was released, and watches them resume. Never rejects. */
  async [Symbol.asyncDispose]() {
    if (!this.#contact.ended && await this.#contact.finish("aborted")) await this.#seeResumed();
    this.#contact.close();
  }
  async #seeResumed() {
    const { host, keys, log, numbers, time, signal } = this.#around;
    const until = time.now() + (signal.aborted ? CANCELLED_WATCH_MS : numbers.resumeWatchMs);
    while (this.#progress.held.length > 0 && time.now() < until) {
      try {
        this.#tell(await look(host, keys));
      } catch {
        break;
      }
      if (this.#progress.held.length > 0) await this.#contact.wait(Math.min(250, numbers.lookEveryMs));
    }
    const held = this.#progress.held.map(({ dyno }) => dyno);
    if (held.length === 1)
      log.warning(
        `${held[0]} was told to go on and has not said that it does yet; it resumes by itself when its lease ends`
      );
    else if (held.length > 1)
      log.warning(
        `${enumerate(held)} were told to go on and have not said that they do yet; they resume by themselves when their lease ends`
      );
    if (this.#progress.held.length === 0) this.#progress.quietEnded(this.elapsedMs);
  }
  async #force() {
    const answer = await this.#contact.insist(() => force(this.#around.host, this.#around.keys, this.owner));
    if (answer.kind === "lost") throw leaseLost(answer.why, answer.asker);
  }
  #forgive(missing2) {
    const who = missing2.map(
      ({ type, have, need }) => have === 0 ? `nobody takes part for ${type}` : `only ${have} of ${need} take part for ${type}`
    );
    const all = [...who, absences(this.#absent(missing2))].filter(Boolean).join(", ");
    this.#around.log.warning(`${all}; deploying all the same, as on-missing-clock: deploy says`);
    this.#forgiven = /* @__PURE__ */ new Set([...this.#forgiven, ...missing2.map(({ type }) => type)]);
  }
  /** The dynos of the types of `missing` that Heroku says are up, and nobody has joined from. */
  #absent(missing2) {
    const types = new Set(missing2.map(({ type }) => type));
    const there = new Set(
      this.participants.flatMap(({ dyno, state }) => state === "silent" || state === "exited" ? [] : dyno)
    );
    return (this.#terms.expected ?? []).filter(({ dyno, type }) => types.has(type) && !there.has(dyno));
  }
  /** What is asked for, without the numbers that are forgiven: those that were there at the request must still be, and drained. */
  get #stillAsked() {
    return this.#terms.asked.map((one) => this.#forgiven.has(one.type) ? { ...one, atLeast: 0 } : one);
  }
  get #types() {
    return this.#terms.asked.map(({ type }) => type);
  }
  #judge() {
    return judge(this.participants, { ...this.#terms, asked: this.#stillAsked }, this.elapsedMs);
  }
  async #look() {
    this.#tell(await this.#contact.read());
  }
  #tell(view) {
    for (const line of linesOf(this.#progress.update(view, this.elapsedMs))) this.#around.log.info(line);
  }
};

// src/gate/adopt.ts
async function adopt(around, seen, terms, sentAt) {
  const { intent, now } = seen;
  const hold = new Hold(around, intent, terms, sentAt, intent.expiry - now, Math.max(0, now - intent.began));
  try {
    await hold.begin();
    return hold;
  } catch (error2) {
    await hold[Symbol.asyncDispose]();
    throw error2;
  }
}

// src/json.ts
function parseJson(text2) {
  try {
    return JSON.parse(text2);
  } catch {
    return void 0;
  }
}
function fieldsOf(value) {
  return typeof value === "object" && value !== null ? value : {};
}
var OBEYED = "\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}";
function inertJson(value, also = "") {
  return JSON.stringify(value).replace(
    new RegExp(`[${OBEYED}${also}]`, "gu"),
    (character) => [...Array(character.length).keys()].map((at) => escaped(character.charCodeAt(at))).join("")
  );
}
function escaped(unit) {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

// src/gate/announcement.ts
var MOST_ENTRIES = 1e3;
var MOST_EXPECTED = 100;
var LONGEST_TEXT2 = 2e3;
var LONGEST_NAME2 = 300;
function writeAnnouncement(announced) {
  const { failure, terms, ...rest } = announced;
  const expected = terms.expected?.slice(0, MOST_EXPECTED);
  const cut2 = failure && {
    ...failure,
    message: failure.message.slice(0, LONGEST_TEXT2),
    next: failure.next.slice(0, LONGEST_TEXT2)
  };
  return JSON.stringify({
    v: PROTOCOL_VERSION,
    ...rest,
    terms: { ...terms, ...expected && { expected } },
    ...cut2 && { failure: cut2 }
  });
}
function readAnnouncement(text2) {
  const raw = fieldsOf(parseJson(text2));
  const id = name2(raw.id);
  const asker = readAsker(JSON.stringify(raw.asker ?? null));
  const terms = readTerms(fieldsOf(raw.terms));
  if (raw.v !== PROTOCOL_VERSION || !id || terms === void 0) return void 0;
  const [taken, failure] = [name2(raw.taken), readFailure(fieldsOf(raw.failure))];
  const { holds: _, ...who } = asker;
  return {
    id,
    asker: { ...who, name: asker.name ?? "another deploy" },
    terms,
    ...taken && { taken },
    ...failure && { failure }
  };
}
function readTerms(raw) {
  const acknowledgeTimeoutMs = duration(raw.acknowledgeTimeoutMs);
  const drainTimeoutMs = duration(raw.drainTimeoutMs);
  const onDrainTimeout = ["fail", "force", "deploy"].find((one) => one === raw.onDrainTimeout);
  const onMissingClock = ["fail", "deploy"].find((one) => one === raw.onMissingClock);
  const asked = entries(raw.asked).map(readAsked);
  const expected = entries(raw.expected).flatMap((one) => readExpected(one) ?? []);
  if (acknowledgeTimeoutMs === void 0 || drainTimeoutMs === void 0) return void 0;
  if (onDrainTimeout === void 0 || onMissingClock === void 0) return void 0;
  if (asked.length === 0 || !asked.every((one) => one !== void 0)) return void 0;
  return {
    acknowledgeTimeoutMs,
    drainTimeoutMs,
    onDrainTimeout,
    onMissingClock,
    asked,
    ...expected.length > 0 && { expected }
  };
}
function readAsked({ type, atLeast, demanded }) {
  if (!name2(type) || typeof atLeast !== "number" || typeof demanded !== "boolean") return void 0;
  if (!Number.isInteger(atLeast) || atLeast < 0) return void 0;
  return { type: name2(type), atLeast, demanded };
}
function readExpected({ dyno, type, release: release2 }) {
  const [dynoName, typeName, version] = [name2(dyno), name2(type), name2(release2)];
  return dynoName && typeName ? { dyno: dynoName, type: typeName, ...version && { release: version } } : void 0;
}
function readFailure({ outcome, message, next }) {
  const known2 = OUTCOMES.find((one) => one === outcome && !isSuccess(one));
  if (known2 === void 0 || typeof message !== "string" || typeof next !== "string") return void 0;
  return {
    outcome: known2,
    message: message.slice(0, LONGEST_TEXT2),
    next: next.slice(0, LONGEST_TEXT2)
  };
}
function entries(value) {
  return Array.isArray(value) ? value.slice(0, MOST_ENTRIES).map(fieldsOf) : [];
}
function name2(value) {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_NAME2 ? value : void 0;
}
function duration(value) {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : void 0;
}

// src/gate/announce.ts
async function announce(around, id, terms, asker) {
  const { host, keys, numbers } = around;
  const text2 = writeAnnouncement({ id, asker, terms });
  const lifeMs = numbers.announcedMs;
  const put = (before) => answered(around, () => exchange(host, keys, { before, after: text2, lifeMs }));
  let { done, current } = await put("");
  if (!done && readAnnouncement(current) === void 0) {
    around.log.warning(`${keys.announced} held what is no announcement of this version; it is replaced`);
    ({ done, current } = await put(current));
  }
  const there = readAnnouncement(current);
  if (!done && there?.id !== id) throw announcedBy(JSON.stringify(there?.asker ?? {}));
  const announcement = new Announcement(around, { id, asker, terms });
  await announcement.begin();
  return announcement;
}
var Announcement = class {
  #around;
  #announced;
  #alarm;
  #stop = new AbortController();
  #keeping;
  #adopted = false;
  constructor(around, announced) {
    this.#around = around;
    this.#announced = announced;
    this.#alarm = new Alarm(around.time);
  }
  /** Starts listening, and keeps the announcement up. */
  async begin() {
    const { signal, listen: listen2 } = this.#around;
    signal.addEventListener("abort", this.#ring);
    this.#keeping = this.#keepUp();
    await listen2(this.#ring).catch(() => false);
  }
  /**
   * Waits until the release phase has asked, and gives its drain, which is followed from there.
   * @param over aborts when the push has ended
   * @returns `undefined` when `over` aborts before anybody has asked
   * @throws the signal's reason
   */
  async adopted(over) {
    const { host, keys, time, numbers, signal, log } = this.#around;
    over.addEventListener("abort", this.#ring);
    try {
      for (; ; ) {
        signal.throwIfAborted();
        const last = over.aborted;
        const sentAt = time.now();
        const view = await look(host, keys).catch(passing);
        const intent = view?.intent;
        if (view && intent?.id === this.#announced.id && isInForce2(intent, view.now)) {
          const { terms, taken } = await this.#read().catch(passing) ?? this.#announced;
          const hold = await adopt(this.#around, { intent, now: view.now }, terms, sentAt);
          this.#adopted = true;
          log.info(`the release phase asks for the drain${taken ? `, on ${dynoOf(taken)}` : ""}`);
          return hold;
        }
        if (last) return void 0;
        await this.#alarm.wait(view ? numbers.lookEveryMs : numbers.renewAgainMs);
      }
    } finally {
      over.removeEventListener("abort", this.#ring);
    }
  }
  /**
   * How the drain failed in the release phase, if it did and said so. Never rejects.
   * @returns what a person should read instead of the release's own failure
   */
  async failure() {
    const { time, numbers, signal } = this.#around;
    const patience = {
      time,
      againMs: numbers.renewAgainMs,
      forMs: signal.aborted ? 0 : numbers.resumeWatchMs
    };
    const there = await outlast(patience, () => this.#read()).catch(() => void 0);
    if (!there?.failure) return void 0;
    const { outcome, message, next } = there.failure;
    const word = outcome === "preflight-failed" || outcome === "cancelled" ? "release-failed" : outcome;
    return new DeployError(word, `The drain failed in the release phase: ${message}`, next);
  }
  async [Symbol.asyncDispose]() {
    const { log, time, numbers, signal } = this.#around;
    this.#stop.abort();
    signal.removeEventListener("abort", this.#ring);
    await this.#keeping;
    const patience = {
      time,
      againMs: numbers.renewAgainMs,
      forMs: signal.aborted ? 0 : numbers.resumeWatchMs
    };
    try {
      await outlast(patience, () => withdraw(this.#around, this.#announced.id));
      if (!this.#adopted) await outlast(patience, () => this.#abandon());
    } catch (error2) {
      log.warning(
        `Redis could not be told that the deploy is over (${error2.message}); its announcement is forgotten within ${formatDuration(numbers.announcedMs)}, and a drain ends with its lease`
      );
    }
  }
  #ring = () => this.#alarm.ring();
  /** What is known of this deploy by now; `undefined` if nothing is. */
  async #read() {
    const there = readAnnouncement(await readAnnounced(this.#around.host, this.#around.keys));
    return there?.id === this.#announced.id ? there : void 0;
  }
  /** Ends a drain that has this deploy's name, and sees who was held for it go on. */
  async #abandon() {
    const { host, keys, time, signal } = this.#around;
    const sentAt = time.now();
    const { intent, now } = await look(host, keys);
    if (intent?.id !== this.#announced.id || !isInForce2(intent, now)) return;
    if (signal.aborted) return void await finish(host, keys, intent, "aborted");
    const hold = await adopt(this.#around, { intent, now }, this.#announced.terms, sentAt);
    await hold[Symbol.asyncDispose]();
  }
  async #keepUp() {
    const { host, keys, time, numbers, log } = this.#around;
    const lifeMs = numbers.announcedMs;
    let text2 = writeAnnouncement(this.#announced);
    for (; ; ) {
      try {
        await time.sleep(numbers.renewEveryMs, this.#stop.signal);
      } catch {
        return;
      }
      try {
        const { done, current } = await exchange(host, keys, { before: text2, after: text2, lifeMs });
        if (done || this.#stop.signal.aborted) continue;
        const there = readAnnouncement(current);
        if (there?.id === this.#announced.id) text2 = current;
        else if (current === "" && readAnnouncement(text2)?.taken === void 0)
          await exchange(host, keys, { before: "", after: text2, lifeMs });
      } catch (error2) {
        if (!isOutage(error2)) log.warning(`the announcement can't be kept up (${error2.message})`);
      }
    }
  }
};
async function withdraw({ host, keys }, id) {
  let current = await readAnnounced(host, keys);
  while (readAnnouncement(current)?.id === id) {
    const { done, current: there } = await exchange(host, keys, { before: current, after: "", lifeMs: 1 });
    if (done) return;
    current = there;
  }
}
function dynoOf(taken) {
  return taken.split("#", 1)[0] ?? taken;
}
function passing(error2) {
  if (!isOutage(error2)) throw error2;
}

// src/gate/gate.ts
import { randomUUID as randomUUID2 } from "node:crypto";

// src/gate/spent.ts
function spentHold({ intent, rows, now }) {
  if (intent?.v !== PROTOCOL_VERSION || intent.phase !== "pushing" || !isInForce2(intent, now))
    return void 0;
  if (!readAsker(intent.asker).holds) return void 0;
  return rows.some((row) => isHeld(row, intent.epoch, now)) ? void 0 : intent;
}

// src/gate/gate.ts
function newDeployId() {
  return randomUUID2();
}
async function inspectGate(around, gateName, asker, types) {
  const view = await answered(around, () => look(around.host, around.keys));
  if (view.intent && isInForce2(view.intent, view.now) && !spentHold(view)) {
    throw busy(view.intent.asker, view.intent.expiry - view.now);
  }
  const rows = view.rows.filter((row) => isAlive(row, view.now) && types.includes(row.type));
  const known2 = rows.find((row) => row.app !== void 0);
  const app = asker.app ?? known2?.app;
  const whose = asker.app === void 0 ? `${known2?.dyno} to ${app}` : `this deploy is for ${app}`;
  for (const row of rows) {
    if (row.v !== PROTOCOL_VERSION) {
      throw new DeployError(
        "preflight-failed",
        `${row.dyno} speaks version ${row.v} of the drain protocol, this deploy version ${PROTOCOL_VERSION}.`,
        UPDATE_ADVICE
      );
    }
    if (row.app !== void 0 && row.app !== app) {
      throw new DeployError(
        "preflight-failed",
        `${row.dyno} at the gate "${gateName}" belongs to the app ${row.app}, and ${whose}.`,
        "Apps that share one Redis need a gate each: set gate-name here and DEPLOY_GATE_NAME in the app to the same name."
      );
    }
  }
  return rows;
}
async function acquireGate(around, id, terms, asker, replaces) {
  const { host, keys, numbers, time, log } = around;
  const view = await answered(around, () => look(host, keys));
  const spent = spentHold(view);
  if (spent && await answered(around, () => finish(host, keys, spent, "aborted")) === "finished")
    log.info(`ended a hold that held nobody any more, asked for by ${describeAsker(spent.asker)}`);
  let sentAt = time.now();
  const answer = await answered(around, () => {
    sentAt = time.now();
    return acquire(host, keys, {
      id,
      leaseMs: numbers.drainLeaseMs,
      notAfter: view.now + numbers.requestValidMs,
      asker: JSON.stringify(asker),
      replaces,
      asked: new Map(terms.asked.map(({ type, atLeast }) => [type, atLeast]))
    });
  }).catch(async (error2) => {
    await finish(host, keys, { id, epoch: "" }, "aborted").catch(() => {
    });
    throw error2;
  });
  switch (answer.kind) {
    case "granted": {
      const hold = new Hold(around, { id, epoch: answer.epoch }, terms, sentAt, answer.leftMs);
      try {
        await hold.begin();
      } catch (error2) {
        await hold[Symbol.asyncDispose]();
        throw error2;
      }
      return hold;
    }
    case "busy":
      throw busy(answer.asker, answer.leftMs);
    case "version":
      throw new DeployError(
        "preflight-failed",
        `A deploy that speaks version ${answer.theirs} of the drain protocol holds the gate; this one speaks ${PROTOCOL_VERSION}.`,
        "Wait for it to end, and let all deploys use one version of deploy-gate."
      );
    default:
      throw late();
  }
}

// src/gate/list/complaint.ts
var complaint_exports2 = {};
__export(complaint_exports2, {
  LIMITS: () => LIMITS,
  doubt: () => doubt,
  drainTimeout: () => drainTimeout2,
  explained: () => explained,
  foreignRequest: () => foreignRequest,
  forgiven: () => forgiven,
  leaseLost: () => leaseLost2,
  missing: () => missing,
  remedy: () => remedy,
  restart: () => restart,
  show: () => show,
  subject: () => subject,
  unfit: () => unfit
});
var LIMITS = "protocol: list can not promise what the gate does. A runner that dies leaves the clock stopped, for nothing ends its hold; a request or an answer that is lost on its way is never noticed; an answer does not say which deploy it answers; there is no progress, and whether the new clock runs is not seen. docs/clients.md names listeners without these gaps";
function restart({ types, app }) {
  return types.map((type) => `heroku ps:restart ${type} --app ${app}`).join(" and ");
}
function remedy(to) {
  return `The ${to.types.join(" or ")} stays stopped until its dyno restarts. Now run: ${restart(to)}.`;
}
function doubt(to) {
  return `See whether the ${to.types.join(" or ")} goes on. If it does not: ${restart(to)}.`;
}
function subject({ types, count: count2 }, some) {
  return count2 === 1 ? `the ${types[0]}` : `${some} of ${count2} listeners (${types.join(", ")})`;
}
function missing(to, left, { requestKey }, { acknowledgeTimeoutMs }, stoppedBy) {
  const all = left === to.count;
  const [what, back] = !all ? [`Only ${to.count - left} of ${to.count} requests were taken`, "The rest was"] : to.count === 1 ? ["Nobody took the request", "It was"] : [`Nobody took any of ${to.count} requests`, "They were"];
  const before = stoppedBy ? `The deploy before it, ${describeAsker(stoppedBy)}, may have left the clock stopped. Start it again and run this one again: ${restart(to)}. Otherwise: ` : "";
  return new DeployError(
    "missing-clock",
    `${what} from the list ${show(requestKey)} within ${formatDuration(acknowledgeTimeoutMs)}: is the ${to.types.join(" or ")} running? ${back} taken back, and nothing was pushed.`,
    `${before}Check that the process runs (heroku ps --app ${to.app}), that it pops list-request-key from the Redis of this deploy, and that processes says how many do. If there is no listener yet, on-missing-clock: deploy.`
  );
}
function forgiven(to, { requestKey }) {
  return `nobody took the request from the list ${show(requestKey)}, and it was taken back; deploying all the same, as on-missing-clock: deploy says: whatever ${to.types.join(" or ")} runs may be killed`;
}
function drainTimeout2(to, unanswered2, { drainTimeoutMs }) {
  return new DeployError(
    "drain-timeout",
    `${capital(subject(to, unanswered2))} took the request and did not answer within ${formatDuration(drainTimeoutMs)}.`,
    "Nothing was pushed. Raise drain-timeout above the longest job, or choose on-drain-timeout: deploy (jobs may be killed). A clock that was restarted meanwhile took the request with it."
  );
}
function leaseLost2(why, asker) {
  return new DeployError("lease-lost", lossOf(why, asker), AFTER_A_LOSS);
}
function unfit({ which, type, length }, { requestKey, responseKey }) {
  const [input, key] = which === "requests" ? ["list-request-key", requestKey] : ["list-response-key", responseKey];
  const holds = type === "list" ? `a list of ${length} elements` : `a ${type}`;
  return new DeployError(
    "preflight-failed",
    `${input}: the key ${show(key)} holds ${holds}, which is no list of ${which}. Nothing was changed, and nobody was asked.`,
    `Name in ${input} the list that the listener uses. If this is the one, empty it: somebody else writes to it, or nobody reads it.`
  );
}
function explained(error2, { keys, terms }) {
  if (!(error2 instanceof Error)) return error2;
  const [requests, answers] = [show(terms.requestKey), show(terms.responseKey)];
  if (error2.message.startsWith("CROSSSLOT")) {
    const [marker] = keys;
    const tag = marker.slice(marker.indexOf("{"), marker.indexOf("}") + 1);
    return new DeployError(
      "preflight-failed",
      `This Redis is a cluster, and the lists ${requests} and ${answers} are not on the slot of ${marker}, so no step can be atomic over them. Nobody was asked.`,
      `Give both lists the hash tag of the gate, here and in the listener: list-request-key: "${tag}:request", list-response-key: "${tag}:response".`,
      { cause: error2 }
    );
  }
  if (error2.message.startsWith("NOPERM")) {
    return new DeployError(
      "preflight-failed",
      `The user of the Redis URL may not use the lists ${requests} and ${answers} (${error2.message}).`,
      "Give it the rights that docs/list-protocol.md names, or use the URL of the default user.",
      { cause: error2 }
    );
  }
  return error2;
}
function foreignRequest({ requestKey, message }) {
  return `somebody else has put ${show(message)} into the list ${show(requestKey)} while the push runs: the new clock takes it, and stops`;
}
function show(text2) {
  return JSON.stringify(text2);
}
function capital(text2) {
  return text2.charAt(0).toUpperCase() + text2.slice(1);
}

// src/gate/list/aftermath.ts
async function tellAftermath(around, lists, to, { withdrawn, taken, told }, watchMs) {
  const { log } = around;
  const { requestKey, message, resumeMessage } = lists.terms;
  if (withdrawn > 0)
    log.info(`took ${show(message)} back out of the list ${show(requestKey)}: nobody had taken it`);
  if (taken === 0) return void 0;
  const who = subject(to, taken);
  if (told === 0) {
    log.warning(
      `${who} took ${show(message)}, and list-resume-message names nothing that starts it again. ${remedy(to)}`
    );
    return remedy(to);
  }
  log.info(`put ${show(resumeMessage)} into the list ${show(requestKey)}, so that ${who} goes on`);
  if (await allTaken(around, lists, watchMs)) return void 0;
  log.warning(
    `nobody has taken ${show(resumeMessage)} from the list ${show(requestKey)} yet. A listener that waits for its jobs takes it when they have ended; one that ended with its answer never does. ${doubt(to)}`
  );
  return doubt(to);
}
async function allTaken({ time, numbers }, lists, watchMs) {
  const until = time.now() + watchMs;
  for (; ; ) {
    const left = await lists.waiting(lists.terms.resumeMessage).catch(() => 1);
    if (left === 0 || time.now() >= until) return left === 0;
    await time.sleep(Math.min(250, numbers.lookEveryMs));
  }
}

// src/gate/list/scripts/ask.lua
var ask_default = "-- Puts requests into the list, unless another deploy has its own there. What earlier deploys left in the lists goes first.\n-- KEYS: marker, requests, answers\n-- ARGV: id, lease ms, not after (server ms), asker, how many, request, resume request ('' for none), most elements of a list\n-- Replies: asked, ms left, old requests, old answers, who left the clock stopped | late | busy, asker, ms left\n--        | unfit, 'requests' or 'answers', type, length\nlocal id, lease, not_after, asker, count, message, resume, most = unpack(ARGV)\nlocal before = read_marker(KEYS[1])\nif before.id == id then\n  local left = in_force(before) and before.expiry - now or 0\n  return { 'asked', left, tonumber(before.old_requests), tonumber(before.old_answers), before.before }\nend\nif in_force(before) then\n  return { 'busy', before.asker, before.expiry - now }\nend\n-- A request that was stuck in a dead connection must not stop anybody for a deploy that is over.\nif now > tonumber(not_after) then\n  return { 'late' }\nend\n-- What follows deletes: these must be the lists that were meant.\nfor index, name in ipairs({ 'requests', 'answers' }) do\n  local kind = redis.call('TYPE', KEYS[index + 1]).ok\n  local length = kind == 'list' and redis.call('LLEN', KEYS[index + 1]) or 0\n  if (kind ~= 'none' and kind ~= 'list') or length > tonumber(most) then\n    return { 'unfit', name, kind, length }\n  end\nend\n\nlocal old_requests = redis.call('LREM', KEYS[2], 0, message)\nif resume ~= '' then\n  redis.call('LREM', KEYS[2], 0, resume)\nend\nlocal old_answers = redis.call('LLEN', KEYS[3])\nredis.call('DEL', KEYS[3])\nlocal alone = redis.call('EXISTS', KEYS[2]) == 0\nfor _ = 1, tonumber(count) do\n  redis.call('LPUSH', KEYS[2], message)\nend\n-- A request that nobody takes goes when the lease does. Not so what others have put there.\nlocal expiry = string.format('%.0f', now + lease)\nif alone then\n  redis.call('PEXPIREAT', KEYS[2], expiry)\nend\nlocal stopped = phase_of(before) == 'lapsed' and before.asker or before.stopped or ''\nredis.call('DEL', KEYS[1])\nredis.call('HSET', KEYS[1], 'id', id, 'phase', 'draining', 'expiry', expiry, 'asker', asker, 'asked', count, 'taken', 0, 'early', 0,\n  'withdrawn', 0, 'alone', alone and '1' or '', 'old_requests', old_requests, 'old_answers', old_answers, 'before', stopped)\nreturn { 'asked', tonumber(lease), old_requests, old_answers, stopped }\n";

// src/gate/list/scripts/count.lua
var count_default = "-- How many of a message stand in the list.\n-- KEYS: requests   ARGV: message\n-- Replies: count, how many\nreturn { 'count', #redis.call('LPOS', KEYS[1], ARGV[1], 'COUNT', 0) }\n";

// src/gate/list/scripts/finish.lua
var finish_default2 = "-- Ends it: takes back what nobody has taken, and after an abort tells whoever has taken a request to go on, if there is a word for\n-- that. A no-op for anybody but its owner.\n-- KEYS: marker, requests, answers\n-- ARGV: id, 'released' or 'aborted', request, resume request ('' for none)\n-- Replies: finished | already; each with withdrawn, taken, told to go on | not-ours\nlocal id, phase, message, resume = unpack(ARGV)\nlocal marker = read_marker(KEYS[1])\nif marker.id ~= id then\n  return { 'not-ours' }\nend\nif marker.phase ~= 'draining' then\n  return { 'already', tonumber(marker.withdrawn), tonumber(marker.taken), tonumber(marker.told) }\nend\nlocal removed = take_back(marker, KEYS[2], message)\nlocal taken, withdrawn = marker.asked - removed, marker.withdrawn + removed\nif marker.alone == '1' then\n  -- What others have put there meanwhile is theirs.\n  redis.call('PERSIST', KEYS[2])\nend\n-- What a marker says is not believed where it would keep the server busy.\nlocal told = phase == 'aborted' and resume ~= '' and math.min(taken, 100000) or 0\nfor _ = 1, told do\n  redis.call('LPUSH', KEYS[2], resume)\nend\nredis.call('DEL', KEYS[3])\n-- For the next deploy, should nobody take its request: who has left the clock stopped.\nlocal stopped = ''\nif phase == 'aborted' and told == 0 then\n  stopped = taken > 0 and marker.asker or marker.before\nend\nredis.call('HSET', KEYS[1], 'phase', phase, 'taken', taken, 'withdrawn', withdrawn, 'told', told, 'stopped', stopped)\nreturn { 'finished', withdrawn, taken, told }\n";

// src/gate/list/scripts/look.lua
var look_default2 = "-- Reads what became of the requests, in one step.\n-- KEYS: marker, requests, answers   ARGV: id, request\n-- Replies: seen, requests out, taken, answered, early answers, answers as they stand in the list | lost, why, asker\nlocal id, message = unpack(ARGV)\nlocal marker = read_marker(KEYS[1])\nlocal why = lost(marker, id)\nif why then\n  return { 'lost', why, marker.asker or '' }\nend\nlocal taken = marker.asked - untaken(marker, KEYS[2], message)\n-- Who has taken no request can't answer it: an answer that is there before is late for an earlier one, and never counts.\nlocal answers = redis.call('LLEN', KEYS[3])\nlocal early = math.max(tonumber(marker.early), answers - taken)\nredis.call('HSET', KEYS[1], 'taken', taken, 'early', early)\nlocal texts = redis.call('LRANGE', KEYS[3], 0, 99)\nfor index, text in ipairs(texts) do\n  texts[index] = string.sub(text, 1, 800)\nend\nreturn { 'seen', tonumber(marker.asked), taken, answers - early, early, texts }\n";

// src/gate/list/scripts/prelude.lua
var prelude_default2 = "-- Put before the scripts of this folder, after the protocol's own prelude. A marker is what a deploy keeps about its requests.\n\nlocal function read_marker(key)\n  return intent_fields(key, 'id', 'phase', 'expiry', 'asker', 'asked', 'taken', 'early', 'withdrawn', 'alone', 'old_requests',\n    'old_answers', 'before', 'stopped', 'told')\nend\n\n-- Of the requests that are out, how many nobody has taken. Equal ones of somebody else's can't be told apart: never more than\n-- were left when it was looked last.\nlocal function untaken(marker, requests, message)\n  local found = #redis.call('LPOS', requests, message, 'COUNT', 0)\n  return math.min(found, marker.asked - marker.taken)\nend\n\n-- Takes those back; returns how many.\nlocal function take_back(marker, requests, message)\n  local most = marker.asked - marker.taken\n  -- LREM means all of them by 0.\n  return most > 0 and redis.call('LREM', requests, most, message) or 0\nend\n";

// src/gate/list/scripts/renew.lua
var renew_default2 = "-- Extends the lease, and with it the life of what nobody has taken; never shortens it.\n-- KEYS: marker, requests   ARGV: id, lease ms, request\n-- Replies: renewed, ms left | lost, why, asker\nlocal id, lease, message = unpack(ARGV)\nlocal marker = read_marker(KEYS[1])\nlocal why = lost(marker, id)\nif why then\n  return { 'lost', why, marker.asker or '' }\nend\nlocal expiry = math.max(tonumber(marker.expiry), now + lease)\nredis.call('HSET', KEYS[1], 'expiry', string.format('%.0f', expiry))\nif marker.alone == '1' and untaken(marker, KEYS[2], message) > 0 then\n  redis.call('PEXPIREAT', KEYS[2], string.format('%.0f', expiry))\nend\nreturn { 'renewed', expiry - now }\n";

// src/gate/list/scripts/withdraw.lua
var withdraw_default = "-- Takes back the requests that nobody has taken.\n-- KEYS: marker, requests   ARGV: id, request\n-- Replies: withdrawn, how many so far, requests out | lost, why, asker\nlocal id, message = unpack(ARGV)\nlocal marker = read_marker(KEYS[1])\nlocal why = lost(marker, id)\nif why then\n  return { 'lost', why, marker.asker or '' }\nend\nlocal removed = take_back(marker, KEYS[2], message)\nlocal asked, withdrawn = marker.asked - removed, marker.withdrawn + removed\nredis.call('HSET', KEYS[1], 'asked', asked, 'taken', asked, 'withdrawn', withdrawn)\nreturn { 'withdrawn', withdrawn, asked }\n";

// src/gate/list/lists.ts
var [askScript, countScript, finishScript2, lookScript2, renewScript2, withdrawScript] = [
  own("ask", ask_default),
  own("count", count_default),
  own("finish", finish_default2),
  own("look", look_default2),
  own("renew", renew_default2),
  own("withdraw", withdraw_default)
];
var MOST_ELEMENTS = 1e3;
var Lists = class {
  terms;
  #host;
  #id;
  #marker;
  constructor(host, gateName, terms, id) {
    this.terms = terms;
    this.#host = host;
    this.#id = id;
    this.#marker = `${gatePrefix(gateName)}:list`;
  }
  get keys() {
    return [this.#marker, this.terms.requestKey, this.terms.responseKey];
  }
  /**
   * Puts `count` requests into the list, unless another deploy has its own there.
   * @param notAfter server ms after which the call is void
   */
  async ask(request) {
    const { leaseMs, notAfter, asker, count: count2 } = request;
    const { message, resumeMessage } = this.terms;
    const args = [this.#id, leaseMs, notAfter, asker, count2, message, resumeMessage, MOST_ELEMENTS];
    const reply = await this.#run(askScript, this.keys, args);
    switch (reply.text()) {
      case "asked":
        return {
          kind: "asked",
          leftMs: reply.number(),
          oldRequests: reply.number(),
          oldAnswers: reply.number(),
          stoppedBy: reply.text()
        };
      case "late":
        return { kind: "late" };
      case "busy":
        return { kind: "busy", asker: reply.text(), leftMs: reply.number() };
      case "unfit":
        return {
          kind: "unfit",
          which: reply.text() === "requests" ? "requests" : "answers",
          type: reply.text(),
          length: reply.number()
        };
      default:
        throw reply.unknown();
    }
  }
  async look() {
    const reply = await this.#run(lookScript2, this.keys, [this.#id, this.terms.message]);
    const kind = reply.text();
    if (kind !== "seen") return lostReply(kind, reply);
    return {
      kind,
      asked: reply.number(),
      taken: reply.number(),
      answered: reply.number(),
      early: reply.number(),
      texts: reply.list()
    };
  }
  /** Extends the lease to `leaseMs` from now; never shortens it, never revives it. */
  async renew(leaseMs) {
    const [marker, requests] = this.keys;
    const reply = await this.#run(
      renewScript2,
      [marker, requests],
      [this.#id, Math.round(leaseMs), this.terms.message]
    );
    const kind = reply.text();
    return kind === "renewed" ? { kind, leftMs: reply.number() } : lostReply(kind, reply);
  }
  /** Takes back what nobody has taken. `withdrawn` counts from the beginning, `asked` is what is left: all of it taken. */
  async withdraw() {
    const [marker, requests] = this.keys;
    const reply = await this.#run(withdrawScript, [marker, requests], [this.#id, this.terms.message]);
    const kind = reply.text();
    if (kind !== "withdrawn") return lostReply(kind, reply);
    return { kind, withdrawn: reply.number(), asked: reply.number() };
  }
  /** Takes back what nobody has taken; after an abort, puts a resume message for each taken request into the list, if there is one. */
  async finish(ending) {
    const { message, resumeMessage } = this.terms;
    const reply = await this.#run(finishScript2, this.keys, [this.#id, ending, message, resumeMessage]);
    const kind = reply.text();
    if (kind === "not-ours") return { kind };
    if (kind !== "finished" && kind !== "already") throw reply.unknown();
    return { kind, withdrawn: reply.number(), taken: reply.number(), told: reply.number() };
  }
  /** How many of `message` nobody has taken, whoever put them into the list. */
  async waiting(message) {
    const reply = await this.#run(countScript, [this.terms.requestKey], [message]);
    if (reply.text() !== "count") throw reply.unknown();
    return reply.number();
  }
  async #run(which, keys, args) {
    return new ReplyReader(which.name, await run(this.#host, which, keys, args));
  }
};
function own(name3, body) {
  return script(`list ${name3}`, `${prelude_default2}
${body}`);
}

// src/gate/list/progress.ts
var ListProgress = class {
  #type;
  #count;
  #takers = [];
  #answered = 0;
  #early = 0;
  #texts = [];
  #quietToMs;
  constructor(types, count2) {
    this.#type = types.join(" or ");
    this.#count = count2;
  }
  /** Whoever took a request. */
  get participants() {
    return this.#takers;
  }
  /** How long whoever took a request was not scheduling, up to `nowMs` if that still goes on; `undefined` if nobody took one. */
  quietMs(nowMs) {
    const from = this.#takers[0]?.acceptedMs;
    return from === void 0 ? void 0 : (this.#quietToMs ?? nowMs) - from;
  }
  /** A clock schedules again: the new release's, or the old one's. */
  quietEnded(atMs) {
    this.#quietToMs ??= atMs;
  }
  /** Takes in what was read `atMs` after the request; returns a line for each change. */
  update({ taken, answered: answered2, early, texts }, atMs) {
    const lines = [];
    while (this.#takers.length < Math.min(taken, this.#count)) {
      const number = this.#takers.length + 1;
      const dyno = this.#count === 1 ? this.#type : `${this.#type} ${number} of ${this.#count}`;
      const id = `request ${number}`;
      this.#takers.push({ id, dyno, type: this.#type, state: "draining", seenMs: 0, acceptedMs: atMs });
      lines.push(`${dyno} took the request`);
    }
    const arrived = arrivals(this.#texts, texts);
    this.#texts = texts;
    for (; this.#early < Math.min(early, MOST_ELEMENTS); this.#early++) {
      lines.push(
        `an answer came before its request was taken, so it is late for an earlier one: ${said(arrived)}; it does not count`
      );
    }
    for (; this.#answered < answered2; this.#answered++) {
      const taker = this.#takers[this.#answered];
      if (taker === void 0) break;
      const text2 = said(arrived);
      Object.assign(taker, { state: "drained", drainedMs: atMs, note: text2 });
      lines.push(`${taker.dyno} answered ${text2}`);
    }
    return lines;
  }
};
function said(arrived) {
  return JSON.stringify((arrived.shift() ?? "").slice(0, NOTE_LENGTH - 2));
}
function arrivals(before, now) {
  const added = Math.max(0, now.length - before.length);
  const atRight = before.length > 0 && before.every((text2, index) => now[index] === text2);
  return atRight ? now.slice(before.length) : now.slice(0, added).reverse();
}

// src/gate/list/hold.ts
var LOOK_EVERY_MS = 500;
var CANCELLED_WATCH_MS2 = 2e3;
var ListHold = class {
  #around;
  #lists;
  #request;
  #progress;
  #contact;
  #withdrawn = 0;
  #remedy;
  /** @param sentAt when the request was sent that the lease of `leftMs` came with */
  constructor(around, lists, request, sentAt, leftMs) {
    this.#around = around;
    this.#lists = lists;
    this.#request = request;
    this.#progress = new ListProgress(request.to.types, request.to.count);
    const { leaseLost: lost } = complaint_exports2;
    this.#contact = new LeasedContact(around, { renew: (ms) => lists.renew(ms), lost }, sentAt, leftMs);
  }
  get participants() {
    return this.#progress.participants;
  }
  get elapsedMs() {
    return this.#contact.elapsedMs;
  }
  get quietMs() {
    return this.#progress.quietMs(this.elapsedMs);
  }
  get remedy() {
    return this.#remedy;
  }
  /** @throws DeployError (`missing-clock`, `drain-timeout`, `lease-lost`) */
  async drained() {
    const { terms, to } = this.#request;
    const { onDrainTimeout, drainTimeoutMs, acknowledgeTimeoutMs } = terms;
    for (; ; ) {
      const { asked, taken, answered: answered2 } = await this.#look();
      if (answered2 >= asked) return true;
      if (taken < asked && this.elapsedMs >= acknowledgeTimeoutMs) {
        await this.#withdraw();
        continue;
      }
      if (this.elapsedMs >= drainTimeoutMs) {
        const late2 = drainTimeout2(to, asked - answered2, terms);
        if (onDrainTimeout !== "deploy") throw late2;
        this.#around.log.warning(
          `${late2.message} Pushing all the same, as on-drain-timeout: deploy says: what runs may be killed.`
        );
        return false;
      }
      await this.#contact.pause(Math.min(LOOK_EVERY_MS, this.#around.numbers.lookEveryMs));
    }
  }
  /**
   * By now every request was taken, or taken back: whoever boots during the push finds none.
   * @throws DeployError (`lease-lost`)
   */
  async commit() {
    const { numbers, time } = this.#around;
    let sentAt = time.now();
    const { leftMs } = await this.#insist(() => {
      sentAt = time.now();
      return this.#lists.renew(numbers.pushLeaseMs);
    });
    this.#contact.lease.extended(sentAt, leftMs);
  }
  async concerns() {
    const { loss } = this.#contact.lease;
    if (loss) return [leaseLost2(loss.why, loss.asker).message];
    const { message } = this.#lists.terms;
    return await this.#lists.waiting(message) === 0 ? [] : [foreignRequest(this.#lists.terms)];
  }
  async release() {
    this.#contact.end();
    this.#progress.quietEnded(this.elapsedMs);
    await this.#finish("released");
  }
  /** Nothing tells whether a listener of this kind runs. */
  async successor() {
    this.#around.log.info(
      "protocol: list can not tell whether the new clock runs, so wait-for-clock is passed over"
    );
    return [];
  }
  async [Symbol.asyncDispose]() {
    if (!this.#contact.ended) {
      this.#contact.end();
      const { numbers, signal } = this.#around;
      const answer = await this.#finish("aborted");
      if (answer !== void 0) {
        const watchMs = signal.aborted ? CANCELLED_WATCH_MS2 : numbers.resumeWatchMs;
        this.#remedy = await tellAftermath(this.#around, this.#lists, this.#request.to, answer, watchMs);
        if (this.#remedy === void 0) this.#progress.quietEnded(this.elapsedMs);
      }
    }
    this.#contact.close();
  }
  async #look() {
    const view = await this.#insist(() => this.#lists.look());
    for (const line of this.#progress.update(view, this.elapsedMs)) this.#around.log.info(line);
    return view;
  }
  /** Nobody has taken what is still there, and the time for it is over. */
  async #withdraw() {
    const { asked, withdrawn } = await this.#insist(() => this.#lists.withdraw());
    const left = withdrawn - this.#withdrawn;
    this.#withdrawn = withdrawn;
    if (left === 0) return;
    const { terms, to, stoppedBy } = this.#request;
    const forgivable = terms.onMissingClock === "deploy" && !terms.asked.some(({ demanded }) => demanded);
    if (asked > 0 || !forgivable) throw missing(to, left, this.#lists.terms, terms, stoppedBy);
    this.#around.log.warning(forgiven(to, this.#lists.terms));
  }
  /** @returns what was done; `undefined` when the lists are not this deploy's, or can't be told */
  async #finish(ending) {
    const { log } = this.#around;
    try {
      const answer = await this.#lists.finish(ending);
      if (answer.kind !== "not-ours") return answer;
      log.warning("the lists were not this deploy's any more when it ended, so nothing was changed");
      if (this.participants.length === 0) return void 0;
    } catch (error2) {
      log.warning(`Redis could not be told that the drain is ${ending} (${error2.message})`);
    }
    if (ending === "aborted") this.#remedy = doubt(this.#request.to);
    return void 0;
  }
  /** @throws DeployError (`lease-lost`) */
  async #insist(call) {
    const answer = await this.#contact.insist(call);
    if (isLost(answer)) throw leaseLost2(answer.why, answer.asker);
    return answer;
  }
};
function isLost(answer) {
  return typeof answer === "object" && answer !== null && "kind" in answer && answer.kind === "lost";
}

// src/gate/list/ask.ts
var POST_WATCH_MS = 2e3;
async function inspectLists({ host, keys, log }, types) {
  log.warning(LIMITS);
  const view = await look(host, keys);
  if (view.intent && isInForce2(view.intent, view.now))
    throw busy(view.intent.asker, view.intent.expiry - view.now);
  const better = view.rows.filter((row) => types.includes(row.type) && isAlive(row, view.now));
  if (better.length > 0) {
    const dynos = better.map(({ dyno }) => dyno).join(", ");
    log.warning(
      `${dynos} takes part in the gate itself, and is not asked by protocol: list. Leave protocol out of the workflow once every process does`
    );
  }
}
async function askByList(around, gateName, listTerms, id, terms, asker) {
  const { host, keys, numbers, time, log } = around;
  const lists = new Lists(host, gateName, listTerms, id);
  const to = audience(terms.asked, asker.app);
  const { now } = await look(host, keys);
  const sentAt = time.now();
  const request = {
    leaseMs: numbers.drainLeaseMs,
    notAfter: now + numbers.requestValidMs,
    asker: JSON.stringify(asker),
    count: to.count
  };
  const answer = await lists.ask(request).catch((error2) => {
    throw explained(error2, lists);
  });
  switch (answer.kind) {
    case "busy":
      throw busy(answer.asker, answer.leftMs);
    case "late":
      throw late();
    case "unfit":
      throw unfit(answer, listTerms);
  }
  const { oldRequests, oldAnswers, stoppedBy, leftMs } = answer;
  if (oldRequests + oldAnswers > 0) {
    const left = [count(oldRequests, "request"), count(oldAnswers, "answer")];
    log.info(`removed what earlier deploys had left in the lists: ${left.join(", ")}`);
  }
  const { message, requestKey } = listTerms;
  log.info(
    `put ${show(message)} into the list ${show(requestKey)}${to.count > 1 ? ` ${to.count} times` : ""}`
  );
  return new ListHold(around, lists, { terms, to, stoppedBy }, sentAt, leftMs);
}
async function endByList(around, gateName, listTerms, id, asked, app) {
  const lists = new Lists(around.host, gateName, listTerms, id);
  const answer = await lists.finish("aborted");
  if (answer.kind !== "finished") {
    around.log.info("the drain of this job was over already: nothing to do");
    return;
  }
  around.log.info("this job was stopped while its request was out: ended it");
  await tellAftermath(around, lists, audience(asked, app), answer, POST_WATCH_MS);
}
function audience(asked, app) {
  return {
    types: asked.map(({ type }) => type),
    count: asked.reduce((sum2, { atLeast }) => sum2 + atLeast, 0),
    app
  };
}

// src/deploy/quiet/taking-part.ts
async function takingPart(gate, gateName, asker, { asked }) {
  const types = asked.map(({ type }) => type);
  const there = await inspectGate(gate, gateName, asker, types);
  gate.log.info(
    there.length > 0 ? `taking part: ${enumerate(there.map(({ dyno }) => dyno))}` : `nobody takes part yet as ${types.join(" or ")}`
  );
  return there;
}

// src/deploy/quiet/protocol.ts
function protocolOf(plan, around, who = { asked: plan.processes, dynos: [], notes: [] }) {
  return plan.list === void 0 ? byGate(plan, around, who) : byList(plan, around, plan.list, who);
}
function byGate(plan, around, who) {
  const { host, keys, log } = around;
  return {
    inspect: (asker) => takingPart(around, plan.gateName, asker, who),
    ask: (id, asker, replaces) => acquireGate(around, id, termsOf(plan, who), asker, replaces),
    async end(id) {
      if (plan.drainAt === "release-phase") await withdraw(around, id);
      const answer = await finish(host, keys, { id, epoch: "" }, "aborted");
      log.info(
        answer === "finished" ? "this job was stopped while its drain was in force: ended it, the clock goes back to work" : "the drain of this job was over already: nothing to do"
      );
    }
  };
}
function byList(plan, around, list2, who) {
  const { gateName, app } = plan;
  const { asked: processes } = who;
  return {
    async inspect() {
      await inspectLists(
        around,
        processes.map(({ type }) => type)
      );
      return [];
    },
    ask: (id, asker) => askByList(around, gateName, list2, id, termsOf(plan, who), { ...asker, app }),
    end: (id) => endByList(around, gateName, list2, id, processes, app)
  };
}
function unended({ list: list2, app, processes }) {
  if (list2 === void 0)
    return "held participants resume by themselves when its lease runs out: 1 minute while draining, 3 during a push";
  const command = restart({ types: processes.map(({ type }) => type), app });
  return `a request that nobody has taken goes by itself within a minute; whoever has taken one stays stopped until its dyno restarts: ${command}`;
}
function termsOf(plan, { asked, dynos }) {
  const { acknowledgeTimeoutMs, drainTimeoutMs, onDrainTimeout, onMissingClock } = plan;
  return { asked, acknowledgeTimeoutMs, drainTimeoutMs, onDrainTimeout, onMissingClock, expected: dynos };
}

export {
  __using,
  __callDispose,
  summary,
  ExitCode,
  setOutput,
  formatDuration,
  isSuccess,
  DeployError,
  together,
  withinLimit,
  oneLine,
  enumerate,
  NUMBERS,
  newDeployId,
  parseJson,
  fieldsOf,
  inertJson,
  writeAnnouncement,
  readFailure,
  shellWord,
  openServer,
  trust,
  announce,
  protocolOf,
  unended,
  termsOf,
  markdown,
  chartName,
  hideSecretsIn,
  actionsLog,
  annotateError,
  group2 as group,
  endOnCrash,
  open2 as open,
  rememberHold,
  rememberEnd,
  recallHold
};
