#!/usr/bin/perl

# mta-sts import --from-conf: what nginx answers by hand is what is imported, for
# random locations; what depends on a request is refused with its place; and
# folders of files.
#
# MTA_STS_TEST_SEED repeats a run.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use POSIX qw(mkfifo);
use MtaSts;
use MtaSts::Docs qw(snippet);
use MtaSts::Random;
use Test::More;

my $RANDOM = $ENV{MTA_STS_TEST_SLOW} ? 4000 : 1000;
my $URI = '/.well-known/mta-sts.txt';

my $seed = seed();
begin_case($seed);
note("MTA_STS_TEST_SEED=$seed");

my $dir = tempdir(CLEANUP => 1);
chmod 0755, $dir;


# The max_age of a policy says which of many it is, and so does its id.

my %number;

sub policy {
    my ($n, $end) = @_;
    my @lines = ('version: STSv1', 'mode: enforce', 'mx: mx.example.com',
                 "max_age: $n", '');
    $number{substr sha256_hex(join "\r\n", @lines), 0, 20} = $n;
    return join $end // "\r\n", @lines;
}



my $files = 0;

sub file {
    my ($path) = @_;
    my $n = 100_000 + ++$files;
    make_path("$dir/$path" =~ s{/[^/]*\z}{}r);
    spew("$dir/$path", policy($n));
    return $n;
}


sub import_conf {
    my ($file, @args) = @_;
    return helper('import', '--from-conf', $file, @args);
}


# What is imported: domain => max_age, and what is said of the others.

sub imported {
    my ($conf, @args) = @_;
    spew("$dir/import.conf", $conf);
    my ($status, $out, $err) = import_conf("$dir/import.conf", @args);
    spew("$dir/import.yaml", $out);

    my %said = $err =~ /: (\S+): not imported: (.*)/g;
    my %got = map { $_ => undef } keys %said;

    if ($out ne '') {
        my (undef, $list) = helper('list', '-d', "$dir/import.yaml");

        $got{(split)[0]} = $number{(split)[3]} // 'another' for split /\n/, $list;
    }

    return (\%got, \%said, $status, $err);
}


# Random locations, each with a policy of its own

my $next = 200_000;

sub answer {
    return 'return 404;' if chance(0.1);
    return 'return 301 https://example.com/;' if chance(0.05);
    my $text = policy(++$next, pick('\n', '\r\n')) =~ s/"/\\"/gr;
    my $q = pick("'", '"');
    return "return 200 $q$text$q;";
}


sub locations {
    my ($depth, $inside) = @_;
    my (@all, %seen);

    for (1 .. int rand 5) {
        my $uri = pick(grep { $depth == 0 || /^\Q$inside\E/ }
                       '/', '/.well-known', '/.well-known/',
                       '/.well-known/mta', '/.well-known/mta-sts.txt',
                       '/.well-known/mta-sts.txt.gz', '/x', '/.WELL-KNOWN/');
        my $regex = pick('\.txt$', '^/\.well-known/', 'MTA-STS', '\.php$', '.');
        my ($sign, $what) = @{ pick(['', $uri], ['', $uri], ['= ', $uri],
                                    ['=', $uri], ['^~ ', $uri], ['~ ', $regex],
                                    ['~* ', $regex], ['~', $regex]) };
        my $kind = $sign =~ s/\s//gr;

        # nginx takes one of each name

        next if $seen{$kind =~ /~\*?\z/ && $kind ne '^~' ? "$kind$what"
                      : ($kind eq '=' ? '=' : '') . $what}++;
        next if $depth && $kind eq '=' && $what ne $uri;

        my $in = '';
        $in = locations($depth + 1, $what)
            if $depth < 2 && $kind !~ /~\*?\z/ && $kind ne '=' && chance(0.4);
        $in .= ' ' . answer() if chance(0.8) || $in eq '';

        # a return in the outer one comes first, unless a nested one matches

        push @all, "location $sign\"$what\" { $in }";
    }

    return join ' ', @all;
}


{
    my @servers;

    for my $i (1 .. $RANDOM) {
        my $inside = locations(0, '');
        $inside .= ' ' . answer() if chance(0.1);
        $inside =~ s/location (=|~)"/location $1/g;
        $inside =~ s/(location (?:=|~)[^" ]*)" \{/$1 {/g;
        push @servers, "server { listen 127.0.0.1:%%PORT0%%; "
            . "server_name mta-sts.d$i.example; root %%DIR%%/none; $inside }";
    }

    my $nginx = MtaSts->new(join "\n",
        'server_names_hash_max_size 8192; default_type text/plain;', @servers);
    my ($tested, $said) = $nginx->test;
    is($tested, 0, 'nginx accepts the random servers') or diag $said;
    $nginx->start;

    my ($got, $why) = imported("http {\n" . join("\n", map { $nginx->expand($_) }
                                                 @servers) . "}\n");
    my (@wrong, $policies);

    for my $i (1 .. $RANDOM) {
        my ($head, $body) = split_response($nginx->get(0, "mta-sts.d$i.example"));
        my ($want) = $head =~ m{^HTTP/1.1 200 } ? $body =~ /^max_age: (\d+)/m
                                                : ();
        my $is = $got->{"d$i.example"};
        $policies += defined $want;
        push @wrong, "$servers[$i - 1]\nnginx: " . ($want // $head) . "\nimport: "
            . ($is // $why->{"d$i.example"} // 'nothing')
            if ($is // '') ne ($want // '');
    }

    is(scalar @wrong, 0, "$RANDOM random servers: what nginx answers, seed $seed")
        or diag $wrong[0];
    cmp_ok($policies, '>', $RANDOM / 4, '... of which many have a policy');
    $nginx->stop;
}


# Files: root, alias and try_files, also with variables that have one value

{
    my $n = 0;
    my (@servers, %want);

    my $server = sub {
        my ($inside, $want, @names) = @_;
        @names = ('f' . ++$n . '.example') unless @names;
        push @servers, "server { listen 127.0.0.1:%%PORT0%%; server_name "
            . join(' ', map { "mta-sts.$_" } @names) . "; $inside }";
        $want{$_} = $want for @names;
    };

    my $root = file("root$URI");
    my $plain = file('plain.txt');

    $server->("root $dir/root;", $root);
    $server->("root $dir/root; location / { }", $root);
    $server->("location / { root $dir/root; }", $root);
    $server->("location = $URI { alias $dir/plain.txt; }", $plain);
    $server->("location /.well-known/ { alias $dir/root/.well-known/; }", $root);
    $server->("location ^~ /.well-known { alias $dir/root/.well-known; }", $root);
    $server->("location ~ mta-sts\\.txt\$ { alias $dir/plain.txt; }", $plain);
    $server->("location /.well-known/ { alias $dir/root/.well-known/; "
              . "location ~ \\.txt\$ { root $dir/root; } }", $root);
    $server->("root $dir/root; location / { try_files \$uri =404; }", $root);
    $server->("root $dir; location / { try_files \$uri /plain.txt =404; }", $plain);
    $server->("root $dir; location / { try_files /none.txt /root\$uri =404; }", $root);
    $server->("root $dir/root; rewrite ^/other/ /x; location / { }", $root);
    $server->("root $dir/root; location / { break; return 404; }", $root);
    $server->("root $dir/root; location ~ \\.php\$ { proxy_pass http://127.0.0.1:1; }",
              $root);

    my $own = file("hosts/mta-sts.f-own.example$URI");
    $server->("root $dir/hosts/\$host;", $own, 'f-own.example');
    my $two = file("hosts/mta-sts.f-two.example$URI");
    $server->("location / { root \"$dir/hosts/\${server_name}\"; }", $two,
              'f-two.example', 'f-three.example');

    my $nginx = MtaSts->new("default_type text/plain;\n" . join "\n", @servers);
    $nginx->start;

    my ($got, $why) = imported("http {\n" . join("\n", map { $nginx->expand($_) }
                                                 @servers) . "}\n");

    for my $domain (sort keys %want) {
        my (undef, $body) = split_response($nginx->get(0, "mta-sts.$domain"));
        my ($served) = $body =~ /^max_age: (\d+)/m;
        my ($conf) = grep { / mta-sts\.\Q$domain\E[ ;]/ } @servers;
        is($served, $want{$domain}, "nginx: $conf");
        is($got->{$domain}, $want{$domain}, '... import, too')
            or diag $why->{$domain};
    }

    $nginx->stop;
}


# What keeps senders from a policy: a media type, or who may read a file

{
    my $root = file("reach$URI");
    my $HIDDEN = $ENV{MTA_STS_TEST_SLOW} ? 1500 : 400;
    my @servers;

    my $some = sub {
        return join ' ', grep { chance(0.4) }
            pick('deny all;', 'allow all;', 'allow all; deny all;', 'deny all; allow all;',
                 'deny 192.0.2.1;', 'deny 192.0.2.1; deny all;'),
            pick('auth_basic x;', 'auth_basic off;'), pick('satisfy any;', 'satisfy all;'),
            pick('default_type text/html;', 'default_type text/plain;',
                 'default_type "text/plain; charset=utf-8";', 'default_type text/plainer;'),
            pick('types { }', 'types { text/plain txt; }', 'types { text/html html txt; }',
                 'types { image/png png; }');
    };

    for my $i (1 .. $HIDDEN) {
        my $answer = chance(0.3) ? "return 200 '" . policy(800_000 + $i, '\n') . "';"
                                 : "root $dir/reach;";
        push @servers, "server { listen 127.0.0.1:%%PORT0%%; server_name "
            . "mta-sts.h$i.example; " . $some->() . " location "
            . pick('/', "= $URI") . ' { ' . $some->() . " $answer } }";
    }

    my $http = join "\n", 'server_names_hash_max_size 8192;',
        'auth_basic_user_file /nonexistent;', 'types { text/plain txt; }', @servers;
    my $nginx = MtaSts->new($http);
    $nginx->start;

    my ($got, $why, $status, $err) = imported("http {\n" . $nginx->expand($http) . '}');
    my ($repaired) = imported("http {\n" . $nginx->expand($http) . '}', '--repair');
    my (@wrong, %is);

    for my $i (1 .. $HIDDEN) {
        my ($head) = split_response($nginx->get(0, "mta-sts.h$i.example"));
        my $want = $head =~ m{^HTTP/1.1 200 }
                   && $head =~ m{^Content-Type: text/plain(?:;.*)?\r?$}m ? 1 : 0;
        my $is = defined $got->{"h$i.example"} ? 1 : 0;
        $is{$want}++;
        push @wrong, "$servers[$i - 1]\nnginx: $head\n" . ($why->{"h$i.example"} // 'imported')
            if $is != $want || !defined $repaired->{"h$i.example"};
    }

    is(scalar @wrong, 0, "$HIDDEN random servers: what senders can read, seed $seed")
        or diag $wrong[0];
    cmp_ok($is{$_} // 0, '>', 50, "... of which many are $_") for 0, 1;
    $nginx->stop;
}


# What only a request shows, and other faults: with the place of the cause

sub one {
    my ($inside, %opt) = @_;
    my $listen = $opt{listen} // '443 ssl';
    return "server {\n    listen $listen;\n"
        . "    server_name " . ($opt{names} // 'mta-sts.example.com')
        . ";\n    $inside\n}\n";
}

my $text = policy(604800, '\n');

for (
    ['location / { proxy_pass http://127.0.0.1; }', qr/:4:18: .*"proxy_pass" answers/],
    ['location / { content_by_lua_block { ngx.say("x}") } }',
     qr/:4:18: .*"content_by_lua_block" answers/],
    ["return 200 \"mx: \$mx\\n$text\";", qr/:4:16: .*variable "\$mx" is not followed/],
    ["root /srv/\${geo}x;", qr/:4:10: .*variable "\$geo" is not followed/],
    ["if (\$http_x) { return 200 '$text'; } root /x;", qr/:4:20: .*an "if" may/],
    ['rewrite ^/.well-known/(.*) /$1; root /x;', qr/:4:5: .*"rewrite" changes/],
    ['return 301 https://example.com/;', qr/:4:5: .*"return 301" is no policy/],
    ['return https://example.com/;', qr/:4:5: .*is no policy/],
    ['location = /other { }', qr/:1:1: .*no "root" or "alias"/],
    ['root html;', qr/:4:10: .*"html" is relative to nginx's prefix.* -p/],
    ["root $dir/nowhere;", qr/:4:10: .*open\(\) .* failed \(2: /],
    ["root $dir/nowhere; location / { try_files \$uri /x =404; }",
     qr/:4:\d+: .*none of the files/],
    ["return 200 'version: STSv1';", qr/:4:16: .*has no mode/],
    ["return 200 '" . $text =~ s/enforce/Enforce/r . "';",
     qr/:4:16: .*mode "Enforce".*; --repair repairs it: capitals/],
    ['return 200;', qr/:4:12: .*has no/],
    ["root $dir/reach; deny all;", qr/:4:\d+: .*"deny all" keeps senders .*; --repair imports it$/],
    ["root $dir/reach; location / { auth_basic x; }", qr/:4:\d+: .*"auth_basic x" keeps senders/],
    ["default_type text/html; return 200 '$text';",
     qr/:4:18: .*media type is "text\/html", must be text\/plain; --repair imports it$/],
) {
    my ($inside, $want) = @$_;
    spew("$dir/one.conf", one($inside));
    my ($status, $out, $err) = import_conf("$dir/one.conf");
    like((split /\n/, $err)[0], qr/^mta-sts: \Q$dir\E\/one\.conf$want/, $inside);
    like($err, qr/: example\.com: not imported: /, '... names the domain');
    is("$status $out", '1 ', '... and nothing is printed');
}

# what does not reach senders is not looked at

{
    my $said;
    my ($got, $why, $status) = imported(one('return 301 https://$host$request_uri;',
                                            listen => '80')
                                        . one("return 200 '$text';"));
    is($got->{'example.com'}, 604800, 'a redirect without TLS is not the answer');
    is($status, 0, '... and no fault');

    ($got, undef, $status, $said) = imported(one("return 200 '$text';", listen => '80'));
    is($got->{'example.com'}, 604800, 'behind a proxy there is no TLS');
    like($said, qr/:4:16: example\.com: imported as it is: .* has TLS/, '... which is said');
    is($status, 0, '... and no fault');

    ($got, undef, $status) = imported(one("return 200 '$text';") . one('default_type text/html; '
        . "return 200 '$text';", listen => '8443 ssl'));
    is(($got->{'example.com'} // '') . " $status", '604800 0', 'one server that senders can read');

    ($got) = imported(one("default_type text/html; return 200 '$text';"), '--repair');
    like(slurp("$dir/import.yaml"), qr/example\.com:.*repaired: media type$/m, '--repair of a media type');
    ($got) = imported(one("root $dir/reach; deny all;"), '--repair');
    like(slurp("$dir/import.yaml"), qr/example\.com:.*repaired: access$/m, '... and of a file that is denied');

    ($got, $why) = imported(one("return 200 '$text';")
        . one("return 200 '" . policy(86400, '\n') . "';", listen => '8443 ssl'));
    like($why->{'example.com'} // '', qr/another policy is at .*\.conf:9/,
         'two policies of a domain');

    ($got, $why, $status, my $err) = imported(one("return 200 '$text';",
        names => 'mta-sts.*') . one("return 200 '$text';", names => '~^mta-sts\.'));
    my $many = () = $err =~ /is for any number of domains/g;
    is("$many $status", '2 1', 'names of any number of domains are named');

    ($got) = imported('events { } stream { server { listen 1; return x; } } http { '
        . 'map $a $b { default x; "~^y{2}" z; } types { text/plain txt; } '
        . one("mta_sts_mx mx.example.com;") . one("return 200 '$text';",
        names => 'mta-sts.example.org') . '}');
    is(join(' ', sort keys %$got), 'example.org', 'other blocks, and the module itself');

    ($got, $why) = imported(one("return 200 '$text';",
        names => 'mta-sts.example.com mta-sts.example.org'), 'example.org', 'a.example');
    is(join(' ', map { "$_=" . ($got->{$_} // '') } sort keys %$got),
       'a.example= example.org=604800', 'only the domains that are named');

    for (['http {', qr/unexpected end of file/], ["server { listen 1;\n } }", qr/:2:4: unexpected "\}"/],
         ["server { location ~ '(' { } }", qr/pcre2_compile\(\) failed/],
         ['', qr/no server in .* has a name mta-sts\.DOMAIN/]) {
        spew("$dir/one.conf", $_->[0]);
        my ($status, $out, $err) = import_conf("$dir/one.conf");
        like($err, $_->[1], "nginx.conf: $_->[0]");
        is("$status $out", '1 ', '... is an error');
    }
}

# relative names, and the output of nginx -T

{
    make_path("$dir/prefix/www/.well-known");
    spew("$dir/prefix/www$URI", policy(700_000));
    spew("$dir/prefix/nginx.conf", 'http { include sites/*; }');
    make_path("$dir/prefix/sites");
    spew("$dir/prefix/sites/a", one('root www;'));
    my ($status, $out, $err) = import_conf('nginx.conf', '-p', "$dir/prefix");
    like($out, qr/max_age: 700000/, '-p is nginx\'s prefix') or diag $err;
    like($out, qr{# was \Q$dir/prefix\E/sites/a:4}, '... and the place is said');

    my $dump = "# configuration file /etc/nginx/nginx.conf:\n"
        . "http { include /etc/nginx/a; }\n\n# configuration file /etc/nginx/a:\n"
        . one("return 200 '$text';") . "\n";
    ($status, $out, $err) = helper(\$dump, 'import', '--from-conf', '-');
    like($out, qr/max_age: 604800/, '"-" is the output of nginx -T') or diag $err;
    like($out, qr{# was /etc/nginx/a:4; bytes: line ends$}m, '... with its places');
}


# Folders

{
    my $folder = "$dir/tree";
    my %layout = ('a.example' => 'mta-sts.a.example/.well-known/mta-sts.txt',
                  'b.example' => 'b.example/mta-sts.txt', 'c.example' => 'c.example.txt',
                  'd.example' => 'd.example/.well-known/mta-sts.txt',
                  'e.example' => 'mta-sts.e.example.txt',
                  'xn--bcher-kva.example' => "b\xc3\xbccher.example.txt");

    my %want = map { $_ => file("tree/$layout{$_}") } sort keys %layout;
    make_path("$folder/empty.example", "$folder/.hidden.example");
    spew("$folder/README.txt", 'no policy');
    spew("$folder/notes.example", 'no policy');

    my ($status, $out, $err) = import_conf($folder);
    is("$status $err", '0 ', 'a folder');
    spew("$dir/tree.yaml", $out);

    for my $domain (sort keys %want) {
        my (undef, $body) = helper('policy', '-d', "$dir/tree.yaml", $domain);
        like($body, qr/^max_age: $want{$domain}\r$/m, "... $layout{$domain}");
    }

    my @keys = $out =~ /^  (\S+\.example):/mg;
    is("@keys", join(' ', sort keys %want), '... and nothing else');

    ($status, $out, $err) = import_conf("$folder/", 'b.example', 'f.example');
    is($status, 1, 'domains of a folder');
    like($err, qr/^mta-sts: f\.example: not imported: .*has no policy of it/m,
         '... that it does not have');
    like($out, qr/^  b\.example:.*was \Q$folder\E\/b\.example\/mta-sts\.txt/m,
         '... and one that it has');

    # a name of a folder that ends lines of YAML

    make_path("$folder-line\xe2\x80\xa8");
    spew("$folder-line\xe2\x80\xa8/a.example.txt", policy(86400));
    ($status, $out, $err) = import_conf("$folder-line\xe2\x80\xa8");
    is("$status $err", '0 ', 'a folder with U+2028 in its name');

    # the same domain twice: once, or neither

    spew("$folder/b.example.txt", slurp("$folder/b.example/mta-sts.txt"));
    ($status, $out, $err) = import_conf($folder);
    is("$status $err", '0 ', 'the same policy twice');
    spew("$folder/b.example.txt", policy(3));
    ($status, $out, $err) = import_conf($folder);
    like($err, qr/b\.example: not imported: another policy is at \S+\.txt$/m,
         'two policies');
    unlike($out, qr/^  b\.example:/m, '... are none');

    make_path("$dir/odd/x.example");
    spew("$dir/odd/large.example.txt", policy(4) . 'a: ' . 'x' x 70000);
    symlink 'loop.example.txt', "$dir/odd/loop.example.txt";
    mkfifo("$dir/odd/x.example/mta-sts.txt", 0600);
    make_path("$dir/odd/dir.example.txt");
    ($status, $out, $err) = import_conf("$dir/odd");
    is("$status $out", '3 ', 'what cannot be read is unknown');
    like($err, qr/large\.example: not imported: more than 64 KiB/, '... too large');
    like($err, qr/\Q$_\E\.example: unknown: /, "... $_")
        for qw(loop x dir);

    ($status, $out, $err) = import_conf("$dir/none");
    like("$status $err", qr/^1 mta-sts: open\(\) .* failed \(2: /, 'no folder');
    make_path("$dir/nothing");
    ($status, $out, $err) = import_conf("$dir/nothing");
    like("$status $err", qr/^1 mta-sts: no policy is in .*looked for/, 'an empty one');
}


# The example of the document

{
    my ($nginx) = snippet('docs/moving.md', 'From an nginx.conf', 0, 'nginx');
    my ($yaml) = snippet('docs/moving.md', 'From an nginx.conf', 0, 'yaml');

    mkdir "$dir/doc";
    spew("$dir/doc/nginx.conf", $nginx);
    my ($status, $out, $err) = import_conf("$dir/doc/nginx.conf");
    is("$status $err", '0 ', 'the example of docs/moving.md');
    like($out =~ s{\Q$dir/doc/\E}{}gr, qr/^\Q$yaml\E/m, '... is what it shows');
}


# The command line

for (
    [[], 2, qr/which domains\?/],
    [['-f', 'xml', 'a.example'], 2, qr/unknown format "xml", must be yaml or nginx/],
    [['a b'], 2, qr/invalid domain "a b"/],
    [['--from-conf', "$dir/tree", '-o', '/dev/null'], 2, qr/not a regular file/],
    [['--from-conf', "$dir/tree", '-o', "$dir/none/x"], 1, qr/open\(\) .* failed/],
    [['--domains-from', "$dir/none"], 1, qr/open\(\) .* failed/],
    [['--resolver', '127.0.0.1:1', '--timeout', 1, 'a.example'], 3,
     qr/do the resolver and the network work\?/],
    [['-d', 'x', 'a.example'], 2, qr/does not take option "-d"/],
) {
    my ($args, $want, $pattern) = @$_;
    my ($status, $out, $err) = helper('import', @$args);
    is("$status $out", "$want ", "import @$args");
    like($err, qr/^mta-sts: .*$pattern/m, '... says why');
}

# a full disk leaves the old file

SKIP: {
    skip 'no /dev/full', 2 unless -e '/dev/full';
    spew("$dir/keep.yaml", 'old');
    my ($status, $out, $err) = run('', 'sh', '-c', 'ulimit -f 0; exec env --ignore-signal=XFSZ "$@"', 'sh',
        "$MtaSts::BUILD/mta-sts", 'import', '--from-conf', "$dir/prefix/sites/a",
        '-p', "$dir/prefix", '-o', "$dir/keep.yaml");
    is(slurp("$dir/keep.yaml"), 'old', 'a file that cannot be written stays');
    is(join(' ', glob("$dir/.mta-sts*")), '', '... and no other is left');
}

done_testing();
