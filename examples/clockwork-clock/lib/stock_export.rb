# One export of what the warehouse has in stock.
class StockExport
  def initialize(redis, name: Time.now.utc.strftime("%H:%M:%S"))
    @redis = redis
    @name = name
  end

  # Waits until the warehouse has counted, for EXPORT_SECONDS at most, and exports what it says. Can't be interrupted.
  def run
    puts "export #{@name} started"
    _, stock = @redis.blpop("stock", timeout: Shop::EXPORT_SECONDS)
    @redis.rpush("exports", "#{@name} by #{Shop::RELEASE}: #{stock || 'not counted'}")
    puts "export #{@name} finished"
  ensure
    @redis.close
  end
end
