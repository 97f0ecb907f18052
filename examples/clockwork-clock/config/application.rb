# What the app reads from its config vars.
module Shop
  REDIS_URL = ENV.fetch("REDIS_URL", "")
  RELEASE = ENV.fetch("HEROKU_RELEASE_VERSION", "some release")

  # Seconds.
  EXPORT_EVERY = Integer(ENV.fetch("EXPORT_EVERY_SECONDS", "300"))
  EXPORT_SECONDS = Integer(ENV.fetch("EXPORT_SECONDS", "40"))
end
