/** Heroku's own rule: https://devcenter.heroku.com/articles/platform-api-reference#app */
export const APP_NAME = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/

export const APP_NAME_RULE =
  'the name of a Heroku app: 3 to 30 lower-case letters, digits and dashes, a letter first'
