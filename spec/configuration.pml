/*
 * How much of everything there is. spec/check.ts sets these with -D; what it leaves out is set here.
 */
#ifndef DEPLOYERS
#define DEPLOYERS 1
#endif
#ifndef IN_TURN
#define IN_TURN 0           /* 1: the second deployer begins when the first one's push has released */
#endif
#ifndef DYNOS
#define DYNOS 1             /* as Heroku's formation says: what the deployer demands at least */
#endif
#ifndef BOOTS
#define BOOTS 1             /* processes of the old release, one after another, for each dyno */
#endif
#ifndef NEXT
#define NEXT 0              /* 1: a push may release, and then each dyno has a process of the new release */
#endif
#ifndef CRASHES
#define CRASHES 0           /* how many processes may die without a word */
#endif
#ifndef SIGTERMS
#define SIGTERMS 0          /* how many processes may be told to end */
#endif
#ifndef LOSSES
#define LOSSES 0            /* how often Redis may lose a key, or all of them */
#endif
#ifndef FAILOVERS
#define FAILOVERS 0         /* 1: once, a replica takes over that stood still for a while */
#endif
#ifndef FAILURES
#define FAILURES 0          /* 1: the app's drain may fail */
#endif
#ifndef ONLY
#define ONLY 0              /* 0: all invariants are checked; else the one of this number */
#endif
#ifndef GOAL
#define GOAL 0              /* what is to be shown to happen: see invariants.pml */
#endif

#ifndef TICK
#define TICK 30
#endif
#ifndef OWN_LEASE
#define OWN_LEASE 0         /* 1: a deployer stops when by its own clock it has no lease. Without, it does what it likes */
#endif
#ifndef BOUNDED
#define BOUNDED 0           /* 1: how long anybody stays held is watched */
#endif
#ifndef PROMPT
#define PROMPT 0            /* 1: the answer to a beat comes at once or never */
#endif
#ifndef SLOW
#define SLOW 0              /* 1: a beat takes its time to the server too, and the same row may be executed again */
#endif

/* Times in ticks, in the ratios of docs/protocol.md, "Numbers". A reply is under way for at most FLIGHT of them: a command times out after 5 s. */
#if TICK == 15
#define FLIGHT 1
#define LEASE 4             /* drain lease, 60 s */
#define MARGIN 2            /* 30 s */
#define PUSH_LEASE 12       /* 180 s */
#define QUIET 6             /* after a release, 90 s */
#define REQUEST_VALID 2     /* an acquire that comes later is void, 30 s */
#define SILENT_IDLE 5       /* three beats of 25 s */
#define SILENT_HELD 1       /* three beats of 5 s */
#define SILENT_QUIET 2      /* three beats of 10 s, after a release */
#else
#define FLIGHT 0
#define LEASE 2
#define MARGIN 1
#define PUSH_LEASE 6
#define QUIET 3
#define REQUEST_VALID 1
#define SILENT_IDLE 3
#define SILENT_HELD 1
#define SILENT_QUIET 1
#endif
#ifndef CAP
#define CAP 0               /* a participant's own cap on a hold; 0: further away than a run goes */
#endif

/* One slot for each process that may ever live. A later boot of a dyno has a higher slot: slot = id, never used twice. */
#define PER_DYNO (BOOTS + NEXT)
#define SLOTS (DYNOS * PER_DYNO)
#define DYNO(p) ((p) / PER_DYNO)
#define BOOT(p) ((p) % PER_DYNO)
#define IS_NEW(p) (BOOT(p) >= BOOTS)
#define BIT(p) (1 << (p))
#define MIN(a, b) ((a) < (b) -> (a) : (b))
#define MAX(a, b) ((a) > (b) -> (a) : (b))
