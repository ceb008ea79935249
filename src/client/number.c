#include "client/number.h"

int number_take(const char **text, int most) {
    int number = 0;
    const char *at = *text;
    if (*at < '0' || *at > '9')
        return -1;
    for (; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (*at - '0');
        if (number > most)
            return -1;
    }
    *text = at;
    return number;
}
