var work55KRRRN5 = require('./work.js');
var main = require('./main.js');

// src/heroku/strategies/slug.ts
async function prepareSlug(plan, wanted, api, collaborators) {
  const { signal } = collaborators;
  const { releases, ...standing } = await work55KRRRN5.readStanding(api, collaborators);
  const { id, commit, name } = await find();
  return work55KRRRN5.rerelease(
    {
      ...standing,
      what: `${name} is ${commit === "" ? "of a commit that Heroku does not tell" : work55KRRRN5.short(commit)}`,
      commit,
      upToDate: standing.currentSlug === id
    },
    id,
    collaborators
  );
  async function find() {
    if (wanted === "") {
      await work55KRRRN5.assertFolder(plan.directory);
      const git = await work55KRRRN5.createGit(plan, collaborators);
      const commit2 = await work55KRRRN5.resolveCommit(git, plan, collaborators);
      return { id: await work55KRRRN5.slugOf(commit2, api, { releases }, signal), commit: commit2, name: plan.ref };
    }
    const id2 = wanted.startsWith("v") ? await slugOfRelease(api, wanted, signal) : wanted;
    const name2 = wanted.startsWith("v") ? `the slug of ${wanted}` : `slug ${work55KRRRN5.short(id2)}`;
    return { id: id2, commit: await commitOf(api, id2, wanted, signal), name: name2 };
  }
}
async function slugOfRelease(api, version, signal) {
  const release = await api.release(Number(version.slice(1)), signal).catch((error) => {
    throw error instanceof work55KRRRN5.ApiError && error.status === 404 ? unknownSlug(api, version, "there is no such release") : error;
  });
  if (release.slugId) return release.slugId;
  throw unknownSlug(api, version, "that release runs no slug (a container image, or nothing yet)");
}
async function commitOf(api, id, wanted, signal) {
  try {
    return await api.slugCommit(id, signal) ?? "";
  } catch (error) {
    if (!(error instanceof work55KRRRN5.ApiError) || error.status !== 404) throw error;
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
