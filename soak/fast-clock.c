// A server's wall clock that runs faster and can be stepped: random histories preload it into redis-server.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// The file that FAST_CLOCK names: where the clock began (real ns), how many times as fast it runs, and by how much it was stepped (ns).
struct clock { long long began, speed, stepped; };
static volatile struct clock *shared;

__attribute__((constructor)) static void attach(void) {
  const char *path = getenv("FAST_CLOCK");
  int file = path ? open(path, O_RDONLY) : -1;
  if (file < 0) return;
  void *at = mmap(0, sizeof(struct clock), PROT_READ, MAP_SHARED, file, 0);
  if (at != MAP_FAILED) shared = at;
  close(file);
}

static long long now(void) {
  struct timespec real;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &real);
  long long ns = real.tv_sec * 1000000000LL + real.tv_nsec;
  return shared ? shared->began + (ns - shared->began) * shared->speed + shared->stepped : ns;
}

int clock_gettime(clockid_t id, struct timespec *out) {
  if (id != CLOCK_REALTIME) return (int)syscall(SYS_clock_gettime, id, out);
  long long ns = now();
  out->tv_sec = ns / 1000000000LL;
  out->tv_nsec = ns % 1000000000LL;
  return 0;
}

int gettimeofday(struct timeval *out, void *zone) {
  (void)zone;
  long long ns = now();
  out->tv_sec = ns / 1000000000LL;
  out->tv_usec = ns % 1000000000LL / 1000;
  return 0;
}

time_t time(time_t *out) {
  time_t seconds = now() / 1000000000LL;
  if (out) *out = seconds;
  return seconds;
}
