# For the tests: an nginx that serves the policy of example.com over TLS, and what is
# to be true of it.  Without systemd the tests start nginx themselves.

set -eu

DIR=${AUTOPKGTEST_TMP:-$(mktemp -d)}
LINK=/etc/nginx/modules-enabled/50-mod-http-mta-sts.conf
SITE=/etc/nginx/conf.d/mta-sts-test.conf

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

configure() {
    [ -e "$DIR/key.pem" ] || openssl req -x509 -nodes -days 2 \
        -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=test \
        -addext subjectAltName=DNS:mta-sts.example.com \
        -keyout "$DIR/key.pem" -out "$DIR/cert.pem" 2>/dev/null

    cat > $SITE << END
server {
    listen 127.0.0.1:8443 ssl;
    server_name mta-sts.example.com;
    ssl_certificate $DIR/cert.pem;
    ssl_certificate_key $DIR/key.pem;
    mta_sts_mode enforce;
    mta_sts_mx mail.example.com;
}
END
}

running() {
    [ -s /run/nginx.pid ] && kill -0 "$(cat /run/nginx.pid)" 2>/dev/null
}

start() {
    if [ -d /run/systemd/system ]; then
        systemctl restart nginx
    else
        stop
        nginx
    fi
}

stop() {
    if [ -d /run/systemd/system ]; then
        systemctl stop nginx
    elif running; then
        pid=$(cat /run/nginx.pid)
        kill -QUIT "$pid"
        while kill -0 "$pid" 2>/dev/null; do
            sleep 0.1
        done
    fi
}

fetch() {
    curl -sS --fail --cacert "$DIR/cert.pem" --noproxy '*' \
        --resolve mta-sts.example.com:8443:127.0.0.1 \
        https://mta-sts.example.com:8443/.well-known/mta-sts.txt
}

# what senders get is what the helper says that they get, and the record is there

serves() {
    nginx -t -q || fail "nginx -t"
    fetch > "$DIR/served"
    grep -q '^mode: enforce' "$DIR/served" || fail "no policy"
    mta-sts policy example.com | cmp - "$DIR/served" || fail "another policy"
    mta-sts records example.com > "$DIR/record"
    grep -qE '^_mta-sts\.example\.com\. .*"v=STSv1; id=[0-9a-f]{20};"$' \
        "$DIR/record" || fail "no record"
}

# packages of this build, in the directory debs; a copy of one with another version

download() {
    mkdir -p "$DIR/debs"
    chmod 777 "$DIR/debs"
    (cd "$DIR/debs" && apt-get -q download "$@" >/dev/null)
}

repack() {
    rm -rf "$DIR/tree"
    dpkg-deb -R "$1" "$DIR/tree"
    sed -i -e "s/^Version: .*/Version: $2/" \
        -e "s/(= $(dpkg-deb -f "$1" Version))/(= $2)/" "$DIR/tree/DEBIAN/control"
    dpkg-deb -b "$DIR/tree" "$3" >/dev/null
}

# what a test before this one may have left

stop
rm -f $SITE /usr/local/bin/mta-sts
