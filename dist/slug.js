var workKUCZW4BZ = require('./work.js');
var main = require('./main.js');
require('./chunk2.js');
require('./chunk.js');

// src/heroku/strategies/slug.ts
async function prepareSlug(plan, wanted, api, collaborators) {
  const { signal } = collaborators;
  const { releases, ...standing } = await workKUCZW4BZ.readStanding(api, collaborators);
  const { id, commit, name } = await find();
  return workKUCZW4BZ.rerelease(
    {
      ...standing,
      what: `${name} is ${commit === "" ? "of a commit that Heroku does not tell" : workKUCZW4BZ.short(commit)}`,
      commit,
      upToDate: standing.currentSlug === id
    },
    id,
    collaborators
  );
  async function find() {
    if (wanted === "") {
      await workKUCZW4BZ.assertFolder(plan.directory);
      const git = await workKUCZW4BZ.createGit(plan, collaborators);
      const commit2 = await workKUCZW4BZ.resolveCommit(git, plan, collaborators);
      return { id: await workKUCZW4BZ.slugOf(commit2, api, { releases }, signal), commit: commit2, name: plan.ref };
    }
    const id2 = wanted.startsWith("v") ? await slugOfRelease(api, wanted, signal) : wanted;
    const name2 = wanted.startsWith("v") ? `the slug of ${wanted}` : `slug ${workKUCZW4BZ.short(id2)}`;
    return { id: id2, commit: await commitOf(api, id2, wanted, signal), name: name2 };
  }
}
async function slugOfRelease(api, version, signal) {
  const release = await api.release(Number(version.slice(1)), signal).catch((error) => {
    throw error instanceof workKUCZW4BZ.ApiError && error.status === 404 ? unknownSlug(api, version, "there is no such release") : error;
  });
  if (release.slugId) return release.slugId;
  throw unknownSlug(api, version, "that release runs no slug (a container image, or nothing yet)");
}
async function commitOf(api, id, wanted, signal) {
  try {
    return await api.slugCommit(id, signal) ?? "";
  } catch (error) {
    if (!(error instanceof workKUCZW4BZ.ApiError) || error.status !== 404) throw error;
    throw unknownSlug(api, wanted, "Heroku has no such slug (any more)");
  }
}
function unknownSlug(api, wanted, why) {
  return new main.DeployError(
    "preflight-failed",
    `The input \`slug\` is ${wanted}, and nothing can be released by that: ${why}.`,
    `\`heroku releases --app ${api.appName}\` lists the releases of ${api.appName}. Give one that was built, such as v41, or a slug's id.`
  );
}

exports.prepareSlug = prepareSlug;
