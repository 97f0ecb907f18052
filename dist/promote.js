var workKUCZW4BZ = require('./work.js');
var main = require('./main.js');
require('./chunk2.js');
require('./chunk.js');

// src/heroku/promotion.ts
var POLL_MS = 2e3;
async function promote(api, promotion, name, sought, collaborators) {
  const { log, signal } = collaborators;
  let id;
  try {
    log.info(`Promoting ${name} to ${api.appName}`);
    id = await api.promote(promotion, signal);
  } catch (error) {
    const failure = notPromoted(error);
    if (!(error instanceof workKUCZW4BZ.ApiError && error.unknown)) throw failure;
    const made = await workKUCZW4BZ.lookFor(api, error, sought, collaborators);
    if (made === void 0) throw failure;
    return made.id;
  }
  try {
    return await targetRelease(api, id, promotion.targetAppId, name, collaborators);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof workKUCZW4BZ.ApiError)) throw error;
    log.warning(`${error.message} The promotion is under way, and its release is looked for`);
    return void 0;
  }
}
async function targetRelease(api, id, targetAppId, name, { time, signal }) {
  for (; ; ) {
    const target = (await api.promotionTargets(id, signal)).find(({ appId }) => appId === targetAppId);
    if (target?.releaseId !== void 0) return target.releaseId;
    if (target?.status === "failed") {
      throw new main.DeployError(
        "promotion-failed",
        `Heroku could not promote ${name} to ${api.appName}${target.error ? `: "${target.error}"` : "."}`,
        `Nothing was released: what ran before still runs. \`heroku releases --app ${api.appName}\` shows what is there.`
      );
    }
    if (target?.status === "succeeded") return void 0;
    await time.sleep(POLL_MS, signal);
  }
}
function notPromoted(error) {
  if (!(error instanceof workKUCZW4BZ.ApiError)) return error;
  return new main.DeployError("promotion-failed", error.message, error.next, { cause: error });
}

// src/heroku/strategies/promote.ts
async function preparePromotion(plan, from, api, collaborators) {
  const { signal } = collaborators;
  const sourceApi = workKUCZW4BZ.createPlatformApi({ ...plan, app: from }, collaborators);
  const [{ releases, ...standing }, source, ours, theirs] = await workKUCZW4BZ.together(signal, [
    (linked) => workKUCZW4BZ.readStanding(api, { ...collaborators, signal: linked }),
    (linked) => readSource(sourceApi, linked),
    (linked) => api.pipeline(linked),
    (linked) => sourceApi.pipeline(linked)
  ]);
  const { app, newestVersion, currentRelease } = standing;
  if (ours === void 0 || theirs?.pipelineId !== ours.pipelineId) throw notCoupled(app, from, ours, theirs);
  const { slugId, version, commit } = source;
  const name = `v${version} of ${from}`;
  const reader = workKUCZW4BZ.createReleaseReader(api);
  const current = releases.find((one) => one.current);
  const runs = (release, until) => commit !== "" ? reader.runs(release, commit, until) : Promise.resolve(void 0);
  const upToDate = current !== void 0 && (current.slugId === slugId || await runs(current, signal));
  let made;
  return {
    ...standing,
    what: commit === "" ? name : `${name} is ${workKUCZW4BZ.short(commit)}`,
    commit,
    upToDate: upToDate === true,
    async publish(until) {
      await assertSame(sourceApi, source, until);
      const promotion = {
        pipelineId: ours.pipelineId,
        sourceAppId: source.appId,
        targetAppId: standing.appId
      };
      made = await promote(api, promotion, name, sought(until), { ...collaborators, signal: until });
    },
    verify: (until) => workKUCZW4BZ.follow(
      {
        ...{ app, api, what: name },
        deed: `The promotion of ${name}`,
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
  async function isOurs(release, until) {
    if (release.version <= newestVersion) return false;
    return release.description.startsWith(`Promote ${from} v`) || await runs(release, until) === true;
  }
}
async function readSource(api, signal) {
  const [{ id: appId }, releases] = await workKUCZW4BZ.together(signal, [
    (linked) => api.app(linked),
    (linked) => api.releases(workKUCZW4BZ.RELEASES_LOOKED_AT, linked)
  ]).catch((error) => {
    throw error instanceof workKUCZW4BZ.ApiError && error.status === 404 ? unknownSource(api.appName, error) : error;
  });
  const current = releases.find((release) => release.current);
  if (current?.slugId) {
    const commit = await workKUCZW4BZ.createReleaseReader(api).slugCommit(current.slugId, signal) ?? "";
    return { appId, version: current.version, slugId: current.slugId, commit };
  }
  throw new main.DeployError(
    "preflight-failed",
    current ? `${api.appName}, which \`promote-from\` names, runs v${current.version}, and that is no slug that could be promoted.` : `${api.appName}, which \`promote-from\` names, runs no release that could be promoted.`,
    "Deploy it first. Container images are promoted by `strategy: command`."
  );
}
function unknownSource(from, cause) {
  return new main.DeployError(
    "preflight-failed",
    `Heroku knows no app of the name ${from}, which \`promote-from\` names, that this token can see.`,
    `Check the spelling of \`promote-from\`, and that the account that owns the token has access to the app: \`heroku access:add <email> --app ${from}\`.`,
    { cause }
  );
}
function notCoupled(app, from, ours, theirs) {
  const alone = [...ours ? [] : [app], ...theirs ? [] : [from]];
  const why = alone.length === 0 ? `${from} and ${app} are in different pipelines` : `${alone.join(" and ")} ${alone.length > 1 ? "are" : "is"} in no pipeline`;
  return new main.DeployError(
    "preflight-failed",
    `${why}, and a promotion goes from one app of a pipeline to another.`,
    `Put both into one: \`heroku pipelines:add <pipeline> --app ${alone[0] ?? app}\`; \`promote-from\` names the app that it comes from.`
  );
}
async function assertSame(api, { slugId, version }, signal) {
  const releases = await api.releases(workKUCZW4BZ.RELEASES_LOOKED_AT, signal).catch((error) => {
    throw notPromoted(error);
  });
  const now = releases.find((release) => release.current);
  if (now?.slugId === slugId) return;
  throw new main.DeployError(
    "promotion-failed",
    `${api.appName} ran v${version} when this deploy began, and ${now ? `runs v${now.version}` : "runs no release"} by now: it was not promoted.`,
    "Run the job again to promote what it runs now. Nothing was released: what ran before still runs."
  );
}

exports.preparePromotion = preparePromotion;
