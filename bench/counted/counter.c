/* Tells callgrind what to count. Outside of valgrind these calls do nothing. */

#include <valgrind/callgrind.h>

int counting_is_possible(void)
{
    return RUNNING_ON_VALGRIND != 0;
}

int start_counting(void)
{
    CALLGRIND_START_INSTRUMENTATION;
}

/* Writes what was counted into the next profile, which will hold the name. */
int stop_counting(const char *name)
{
    CALLGRIND_STOP_INSTRUMENTATION;
    CALLGRIND_DUMP_STATS_AT(name);
}
