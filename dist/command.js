var workKUCZW4BZ = require('./work.js');
var main = require('./main.js');
require('./chunk2.js');
require('./chunk.js');

// src/process/command.ts
async function commandProblem({
  program,
  cwd,
  env
}) {
  if (process.platform === "win32") return void 0;
  const folders = program.includes("/") ? [""] : workKUCZW4BZ.pathOf(env).split(main.$delimiter);
  const found = /* @__PURE__ */ new Set();
  for (const folder of folders) found.add(await workKUCZW4BZ.executability(main.$resolve(cwd, main.$join(folder, program))));
  if (program !== "" && found.has("runs")) return void 0;
  return notStarted(program, program !== "" && found.has("not-executable") ? "EACCES" : "ENOENT");
}
async function runCommand(command, around) {
  try {
    const { code, signal } = await workKUCZW4BZ.runGroup(command, around);
    if (signal !== void 0) return { code: signalCode(signal), signal };
    return { code: code ?? 1 };
  } catch (error) {
    const { code = "", syscall = "" } = error;
    if (!syscall.startsWith("spawn")) throw error;
    return notStarted(command.program, code);
  }
}
function signalCode(name) {
  return 128 + main.$constants.signals[name];
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

// src/heroku/strategies/command.ts
var LOOK_AGAIN_MS = 2e3;
var SHOWS_WITHIN_MS = 1e4;
var SILENT_MS = 5 * 6e4;
async function prepareCommand(plan, { program, args }, api, collaborators) {
  const { log, time } = collaborators;
  await workKUCZW4BZ.assertFolder(plan.directory);
  const place = { program, cwd: plan.directory, env: environmentOf(collaborators.env, plan) };
  const problem = await commandProblem(place);
  if (problem !== void 0) {
    throw new main.DeployError(
      "preflight-failed",
      `The deploy command can't be run: ${problem.problem}.`,
      "Correct `command` (a program on the PATH of the runner, or a path from the checkout) or `command-file`, or install the program in a step before this one."
    );
  }
  const { releases: _, ...standing } = await workKUCZW4BZ.readStanding(api, collaborators);
  const { app, newestVersion, currentRelease } = standing;
  const mask = main.maskOf(plan.apiKey);
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
      throw new main.DeployError(
        "command-failed",
        `The deploy command failed: ${how}.`,
        `Read its lines in the log of this step. \`heroku releases --app ${app}\` tells whether it has released anything all the same.`
      );
    },
    async verify(signal) {
      if (!await madeRelease(signal)) return void 0;
      return await workKUCZW4BZ.follow(
        {
          ...{ app, api, what: program },
          deed: program,
          ...currentRelease && { currentRelease },
          find: async ([newest]) => newest && newest.version > newestVersion ? newest : void 0
        },
        { ...collaborators, signal }
      );
    }
  };
  async function madeRelease(signal) {
    const began = time.now();
    for (; ; ) {
      try {
        const [newest] = await api.releases(workKUCZW4BZ.RELEASES_LOOKED_AT, signal);
        if (newest && newest.version > newestVersion) return true;
        if (time.now() - began >= SHOWS_WITHIN_MS) break;
      } catch (error) {
        if (!(error instanceof workKUCZW4BZ.ApiError)) throw error;
        if (!error.passing || time.now() - began >= SILENT_MS) throw unseen(error);
        log.warning(`${error.message} A release of ${program} is still looked for`);
      }
      await time.sleep(LOOK_AGAIN_MS, signal);
    }
    log.warning(
      `${program} ended well, and ${app} has no new release ${main.formatDuration(SHOWS_WITHIN_MS)} later: nothing seems to have changed`
    );
    return false;
  }
  function unseen(cause) {
    return new main.DeployError(
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

exports.prepareCommand = prepareCommand;
