/** Releases a slug: `release.ts <api URL> <app> <slug>`, with the token in HEROKU_API_KEY. What a deploy command of a user's does, in short. */
const [apiUrl, app, slug] = process.argv.slice(2)
const answer = await fetch(`${apiUrl}/apps/${app}/releases`, {
  method: 'POST',
  headers: {
    Accept: 'application/vnd.heroku+json; version=3',
    Authorization: `Bearer ${process.env.HEROKU_API_KEY}`,
    'Content-Type': 'application/json',
  },
  body: JSON.stringify({ slug }),
})
if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
