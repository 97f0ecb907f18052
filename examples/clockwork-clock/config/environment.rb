# Loads the app. In yours Rails does it, and finds classes by their names.
$stdout.sync = true

require "openssl"
require "redis"
require_relative "application"
require_relative "../lib/stock_export"
require_relative "../app/jobs/export_stock_job"
