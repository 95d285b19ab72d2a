/*
 * The notify protocol of systemd: a datagram to the socket that it names,
 * sd_notify(3).
 */

#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "follow.h"


void
notify(const char *fmt, ...)
{
    int                 fd, flags, len;
    char                text[512];
    size_t              n;
    va_list             args;
    const char         *path;
    struct sockaddr_un  addr;

    path = getenv("NOTIFY_SOCKET");

    if (path == NULL || (path[0] != '/' && path[0] != '@')) {
        return;
    }

    n = strlen(path);

    if (n >= sizeof(addr.sun_path)) {
        return;
    }

    memset(&addr, 0, sizeof(struct sockaddr_un));

    addr.sun_family = AF_UNIX;
    memcpy(addr.sun_path, path, n);

    /* an abstract name begins with a NUL */

    if (path[0] == '@') {
        addr.sun_path[0] = '\0';
    }

    va_start(args, fmt);
    len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    if (len < 0) {
        return;
    }

    fd = socket(AF_UNIX, SOCK_DGRAM|SOCK_CLOEXEC, 0);

    if (fd == -1) {
        return;
    }

    len = len < (int) sizeof(text) ? len : (int) sizeof(text) - 1;

    /* what only informs does not wait for a reader that is stuck */

    flags = MSG_NOSIGNAL
            | (strncmp(text, "READY=1", 7) == 0 ? 0 : MSG_DONTWAIT);

    (void) sendto(fd, text, (size_t) len, flags,
                  (struct sockaddr *) &addr,
                  (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n));
    (void) close(fd);
}


int64_t
notify_watchdog(void)
{
    const char  *usec, *pid;

    usec = getenv("WATCHDOG_USEC");
    pid = getenv("WATCHDOG_PID");

    if (usec == NULL || (pid && strtol(pid, NULL, 10) != (long) getpid())) {
        return 0;
    }

    return strtoll(usec, NULL, 10) / 2000;
}
