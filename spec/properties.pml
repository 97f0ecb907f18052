/*
 * Names of what must hold (spec/README.md says what each is), and of what must be shown to happen, so that nothing holds for want of
 * it. The text of an assertion is what the checker prints: it begins with the name.
 */
hidden byte I1, I2, I3, I4, I5, I8, I9, I10;     /* never set: names */
#define INVARIANT(name, number, holds) assert(name || (ONLY != 0 && ONLY != number) || (holds))

#define GOAL_PUSH 1
#define GOAL_RELEASE 2
#define GOAL_RESUME_BY_LAPSE 3
#define GOAL_REBIND 4
#define GOAL_REFUSAL 5
#define GOAL_BUSY 6
#define GOAL_HELD_AT_BOOT 7
#define GOAL_RESUME_AFTER_RELEASE 8
#define GOAL_RESUME_AT_CAP 9
#define GOAL_RESUME_ON_ABORT 10
#define GOAL_GRANTED_AGAIN 11
#define GOAL_PUSH_WITH_REBOOT 12
#define GOAL_PUSH_AFTER_LOSS 13
#define GOAL_SECOND_PUSH 14
#define GOAL_STAYS_QUIET 15
hidden byte goal;                             /* never set: a name */
#define REACHED(number) assert(goal || GOAL != number)
