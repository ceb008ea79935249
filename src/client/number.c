#include "client/number.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

long long number_take_long(const char **text, long long most) {
    long long number = 0;
    const char *at = *text;
    if (*at < '0' || *at > '9')
        return -1;
    for (; *at >= '0' && *at <= '9'; at++) {
        int digit = *at - '0';
        if (number > (most - digit) / 10)
            return -1;
        number = number * 10 + digit;
    }
    *text = at;
    return number;
}

int number_take(const char **text, int most) {
    return (int)number_take_long(text, most);
}

long long number_size(const char *text) {
    static const char units[] = "KMG";
    long long number = number_take_long(&text, LLONG_MAX >> 30);
    const char *unit = *text ? strchr(units, *text & ~0x20) : NULL;
    if (number < 0 || (*text && (!unit || text[1])))
        return -1;
    return unit ? number << (10 * (unit - units + 1)) : number;
}
