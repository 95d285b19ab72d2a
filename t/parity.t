#!/usr/bin/perl

# The helper reads nginx.conf by itself, so it must read it as nginx does: it
# accepts what nginx accepts, refuses what nginx refuses in the same words and
# at the same place, and what it says of a domain is what a real nginx with
# that configuration sends.
#
# t/parity/ok and t/parity/bad have a file a case, which begins with why it is
# there; a folder of the same name has the files that it includes.  In all of
# them %%LOAD%% is what every test instance needs at the main level, %%LUA%%
# loads the lua module, %%DIR%% and %%PORT0%% are the harness's.  A case named
# none-... has no policy, all others in ok have one.
#
# Left out: a domain with different policies in two servers, which nginx only
# warns of and the helper refuses; see t/directives.t.  And what nginx refuses
# for reasons of its other directives: of these nginx -t is the judge.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use File::Basename qw(dirname);
use File::Find qw(find);
use File::Path qw(make_path);
use MtaSts;
use MtaSts::Parity;
use Test::More;

my $path = '/.well-known/mta-sts.txt';

# Both refuse, but where nginx runs out of file descriptors the helper counts,
# a folder is read with another call, and the lua module says more.  The first
# is what nginx says, the second what the helper says.

my $fds = qr/^open\(\) ".*" failed \(24: Too many open files\)$/;
my $deep = qr/^includes are nested more than 200 deep$/;
my $bracket = 'Lua code block missing the closing long bracket';

my %texts = (
    'include-itself'          => [$fds, $deep],
    'include-each-other'      => [$fds, $deep],
    'include-directory'       => [qr/^pread\(\) "(.*)" failed \(21: .*\)$/,
                                  qr/^read\(\) "(.*)" failed \(21: .*\)$/],
    'lua-bracket'             => [qr/^\Q$bracket "]]"\E, /, qr/^\Q$bracket\E$/],
    'lua-long'                => [qr/^\Q$bracket "]]"\E, /, qr/^\Q$bracket\E$/],
    'lua-bracket-comment'     => [qr/^\Q$bracket "]==]"\E, /,
                                  qr/^\Q$bracket\E$/],
);

$texts{"include-$_"} = $texts{'include-directory'}
    for qw(directory-glob empty-name);

# Directives over lines: nginx reports the line of the ";", the helper that of
# the word.  The module knows no line of a server name and reports the server's.

my %spans = ((map { $_ => '<' } qw(bom semicolon-missing)),
             (map { $_ => '>' } qw(names-trailing-dot names-ulabel)));

# All are asked for these, whether the configuration names them or not.

my @asked = qw(example.com example.net example.org other.example any.example
               example mta-sts.example.com xn--bcher-kva.example any.test
               a.example.com);


# Debian's lua module fits no nginx but Debian's, whatever is tested

my @modules = grep { m{_module\.so$} } map { split /\n/ }
    (run('', qw(dpkg -L libnginx-mod-http-ndk libnginx-mod-http-lua)))[1];
my $lua = join ' ', map { "load_module $_;" } sort @modules;


sub instance {
    my ($conf, %files) = @_;
    my $nginx = MtaSts->new('');
    my $dir = $nginx->dir;
    my $load = main_level('pid logs/nginx.pid; error_log logs/error.log '
                          . 'debug;');

    for my $file ('nginx.conf', sort keys %files) {
        my $text = $file eq 'nginx.conf' ? $conf : $files{$file};

        $text =~ s/%%LOAD%%/$load/g;
        $text =~ s/%%LUA%%/$lua/g;

        make_path(dirname("$dir/$file"));
        spew("$dir/$file", $nginx->expand($text));
    }

    return $nginx;
}


# nginx -t or -T.  Few file descriptors, so that a file that includes itself
# comes to an end.

sub nginx {
    my ($nginx, $option) = @_;
    local $ENV{ASAN_OPTIONS} = 'exitcode=99:detect_leaks=0';
    return run('', 'sh', '-c', 'ulimit -n 1024; exec "$@"', 'sh',
               $MtaSts::NGINX, '-p', $nginx->dir . '/', '-c', 'nginx.conf',
               $option, '-e', 'stderr');
}


# Asks nginx for the policy of a domain on each port of the configuration;
# returns the different bodies it got.

sub served {
    my ($nginx, $domain) = @_;
    my %bodies;

    for my $n (grep { defined $nginx->{ports}[$_] } 0 .. 9) {
        my $response = $nginx->get($n, "mta-sts.$domain");
        my (undef, $body) = split_response($response);
        $bodies{$body}++ if $response =~ m{^HTTP/1\.1 200 }
            && fields($response, 'Content-Type') eq 'text/plain'
            && $body =~ /^version: STSv1\r\n/;
    }

    return sort keys %bodies;
}


# One domain of the list against the bytes that nginx sends.

sub check_domain {
    my ($nginx, $line, $records) = @_;
    my $conf = $nginx->dir . '/nginx.conf';
    my ($domain, $host, $mode, $id, $place) = columns($line);

    is($host, "mta-sts.$domain", "$domain: its policy host");

    my ($rc, $policy, $err) = helper('policy', '-c', $conf, $domain);
    is($rc, 0, "$domain: has a policy") or diag($err);
    is(join('|', served($nginx, $domain)), $policy,
       "$domain: nginx sends the bytes that the helper prints");

    is($id, substr(sha256_hex($policy), 0, 20), "$domain: id is their hash");
    like($policy, qr/\r\nmode: \Q$mode\E\r\n/, "$domain: mode");
    like($records,
         qr/^_mta-sts\.\Q$domain\E\. \d+ IN TXT "v=STSv1; id=$id;"$/m,
         "$domain: id in the TXT record");

    # the place has the name; a U-label is written otherwise

    my ($file, $n) = $place =~ /^(.*):(\d+)$/;
    my @lines = split /\n/, slurp($file // '/dev/null');
    like($lines[($n // 0) - 1] // '',
         $domain =~ /^xn--/ ? qr/mta-sts\./ : qr/\Q$host\E/i,
         "$domain: the line has its name") or diag($place);
}


# Names that the list does not have: nginx must not send a policy for them.  A
# server with a wildcard or regex name has policies for more names than the
# helper can know; of these it must know right what it says it knows.

sub check_others {
    my ($nginx, $text, @lines) = @_;
    my $conf = $nginx->dir . '/nginx.conf';
    my %listed = map { (columns($_))[0] => 1 } @lines;
    my $regex = grep { /^\* +~/ } @lines;
    my %others = map { lc($_) => 1 } @asked, $text =~ /mta-sts\.([\w.-]*\w)/gi;

    for my $domain (grep { !$listed{$_} && !/_/ } sort keys %others) {
        my @bodies = served($nginx, $domain);

        if (!$listed{'*'}) {
            is("@bodies", '', "$domain: nginx sends no policy");
            next;
        }

        my ($rc, $policy, $err) = helper('policy', '-c', $conf, $domain);

        if ($rc == 0 && (@bodies || !$regex)) {
            is(join('|', @bodies), $policy, "$domain: the same bytes");

        } elsif ($rc != 0) {
            like($err, qr/no policy for domain|may have the policy in/,
                 "$domain: the helper does not know it");
        }
    }
}


sub accepted {
    my ($name, $text, %files) = @_;
    my $nginx = instance($text, %files);
    my $conf = $nginx->dir . '/nginx.conf';

    my ($status, $out, $said) = nginx($nginx, '-t');
    is($status, 0, 'nginx accepts it') or diag($said);

    my ($rc, $list, $err) = helper('list', '-c', $conf);
    is($rc, 0, 'the helper accepts it') or diag($err);
    is(join('', grep { !/: warning: |: no policy is configured in / }
                split /^/m, $err), '', '... and has nothing to say');

    return if $status != 0 || $rc != 0;

    my @lines = split /\n/, $list;
    is(@lines ? 'some' : 'none', $name =~ /^none-/ ? 'none' : 'some',
       'domains in the list');

    ($status, my $dump) = nginx($nginx, '-T');
    is($status, 0, 'nginx -T');
    ($rc, $out, $err) = helper(\$dump, 'list', '-c', '-');
    is($rc, 0, '... is accepted') or diag($err);
    is($out, $list, '... and gives the same list');

    ($rc, $out) = helper('list', '-p', $nginx->dir, '-c', 'nginx.conf');
    is($out, $list, 'so does -p');

    ($rc, my $records) = helper('records', '-c', $conf);
    is($rc, $list =~ /^[^*]/m ? 0 : 1, 'it has records, if it has a domain');

    # without a server there is nothing to ask

    return if !grep { defined } @{ $nginx->{ports} };

    $nginx->start;
    check_domain($nginx, $_, $records) for grep { !/^\*/ } @lines;
    check_others($nginx, join("\n", $text, values %files), @lines);
    $nginx->stop;
}


sub refused {
    my ($name, $text, %files) = @_;
    my $nginx = instance($text, %files);
    my $conf = $nginx->dir . '/nginx.conf';

    my ($status, $out, $said) = nginx($nginx, '-t');
    is($status, 1, 'nginx refuses it');
    my ($nginx_text, $nginx_file, $nginx_line) = nginx_reason($said);

    for my $command (qw(list records policy)) {
        my ($rc, $printed, $err) = helper($command, '-c', $conf,
                                $command eq 'policy' ? 'example.com' : ());
        is($rc, 1, "mta-sts $command refuses it");
        is($printed, '', '... with nothing on stdout');
    }

    my ($rc, $list, $err) = helper('list', '-c', $conf);
    my @said = helper_reason($err);
    is(@said, 1, 'it has one reason') or diag($err);

    my ($file, $line, $column, $reason) = @{ $said[0] // [] };

    return if !ok(defined $reason, 'with a place') || $status == 0;

    my ($nginx_own, $own) = @{ $texts{$name} // [] };

    if (defined $own) {
        like($nginx_text, $nginx_own, "nginx's own words");
        like($reason, $own, "the helper's own words");

    } else {
        is($reason, $nginx_text, "nginx's words") or diag($said);
    }

    # pread() has no place

    if (defined $nginx_file) {
        is($file, $nginx_file, "nginx's file")
            unless defined $own && $own == $deep;
        cmp_ok($line, $spans{$name} // '==', $nginx_line,
               'the line, as to that of nginx');
    }

    # the column is one that the line has, or the one after it

    my @lines = split /\n/, slurp($file), -1;
    ok(defined $lines[$line - 1], 'the file has the line');
    cmp_ok($column, '<=', length($lines[$line - 1] // '') + 1,
           '... and the column');
    cmp_ok($column, '>=', 1, '... which counts from 1');
}


sub run_case {
    my ($kind, $name, $text, %files) = @_;
    my ($why) = $text =~ /^(?:\xef\xbb\xbf)?# ([^\r\n]+)/;

    subtest "$kind/$name: " . ($why // 'does not say why') => sub {
        my $needs_lua = $text =~ /%%LUA%%/;

        local ($MtaSts::NGINX, $MtaSts::MODULE) = $needs_lua
            ? ('/usr/sbin/nginx', "$MtaSts::PLAIN/ngx_http_mta_sts_module.so")
            : ($MtaSts::NGINX, $MtaSts::MODULE);

        ok(defined $why, 'says why it is there');
        ok($lua ne '', 'libnginx-mod-http-lua is installed') if $needs_lua;

        $kind eq 'ok' ? accepted($name, $text, %files)
                      : refused($name, $text, %files);
    };
}


# the corpus

my %count;

for my $kind (qw(ok bad)) {
    for my $file (glob "t/parity/$kind/*.conf") {
        my ($name) = $file =~ m{([^/]+)\.conf$};
        my %files;

        find({ no_chdir => 1, wanted => sub {
            $files{substr $_, length "t/parity/$kind/$name/"} = slurp($_)
                if -f;
        } }, "t/parity/$kind/$name") if -d "t/parity/$kind/$name";

        run_case($kind, $name, slurp($file), %files);
        $count{$kind}++;
    }
}

cmp_ok($count{ok} // 0, '>=', 45, 'cases in t/parity/ok');
cmp_ok($count{bad} // 0, '>=', 45, 'cases in t/parity/bad');


# Words and comments around the 4096 bytes of nginx's buffer; the place in the
# file must not matter, so each comes at several offsets.

sub conf_with {
    my ($why, $lines, $pad) = @_;
    return "# $why\n" . '#' x ($pad // 1) . "\n%%LOAD%%\n"
        . "events { }\nhttp { access_log off; server {\n"
        . "listen 127.0.0.1:%%PORT0%%; server_name mta-sts.example.com;\n"
        . "mta_sts_mx mail.example.com;\n$lines\n} }\n";
}

# repeated words, what is around them, the longest that nginx takes

my @long = (
    ['a bare word',            'set $one ', ';',     4095],
    ['a bare word and space',  'set $one ', ' ;',    4094],
    ['a bare word, a comment', 'set $one ', "\n#\n;", 4094],
    ['a bare word and a block', 'location /', ' { }', 4093],
    ['a glued block',          'location /', '{ }',  4094],
    ['a double-quoted word',   'set $one "', '";',   4094],
    ['a single-quoted word',   "set \$one '", "';",  4094],
    ['a quoted word and space', 'set $one "', '" ;', 4093],
    ['a quoted word not closed', 'set $one "', '',   undef],
    ['a single-quoted word not closed', "set \$one '", '', undef],
    ['a comment',              '#',         "\n;",   undef],
    ['a comment in a directive', "set \$one # ", "\na;", 4093],
    ['a comment alone',        '#',         "\nset \$one a;", 4094],
    ['space',                  'set $one ', undef,   99_999],
);

for my $case (@long) {
    my ($what, $before, $after, $max) = @$case;
    my $byte = defined $after ? 'a' : ' ';
    my @lengths = defined $max ? ($max, $max + 1, $max + 2)
                               : (4095, 4096, 4097, 9000);

    for my $length (@lengths) {
        for my $pad ($length == ($max // 0) ? (1, 3000) : 1500) {
            my $good = defined $max && ($length <= $max || !defined $after);
            my $lines = $before . $byte x $length . ($after // 'a;');
            run_case($good ? 'ok' : 'bad', 'long',
                     conf_with("$what of $length bytes, $pad further",
                               $lines, $pad));
        }
    }
}


# Lua: a long string must fit into the lua module's buffer

run_case('bad', 'lua-long', "# a long string of Lua of 5000 bytes\n%%LUA%%\n"
    . "%%LOAD%%\nevents { }\nhttp { server { listen 127.0.0.1:%%PORT0%%;\n"
    . "location / { content_by_lua_block {\n"
    . '[[' . 'a' x 5000 . "]] } } } }\n");

# the longest comment that may be the last thing; nginx -T puts a line end there

run_case('ok', 'long-comment-at-end',
         conf_with('a comment of 4096 bytes without a line end', '')
         . '#' x 4096);


# nesting: nginx has no limit of its own but its stack and file descriptors

my %chain = map { ("$_.conf" => 'include ' . ($_ + 1) . ".conf;\n") } 1 .. 199;
$chain{'200.conf'} = "mta_sts_mode enforce;\n";

run_case('ok', 'deep-includes',
         conf_with('200 includes, one in the other', 'include 1.conf;'),
         %chain);

run_case('ok', 'deep-blocks',
         conf_with('200 locations, one in the other',
                   join('', map { 'location /' . 'a' x $_ . " {\n" } 1 .. 200)
                   . '}' x 200));

run_case('ok', 'many-words',
         conf_with('a directive of a thousand words', 'mta_sts_mx '
                   . join("\n", map { "mx$_.example.com" } 1 .. 1000) . ';'));

run_case('ok', 'many-servers', "# fifty servers\n%%LOAD%%\n"
    . "events { }\nhttp { access_log off; mta_sts_mx mail.example.com;\n"
    . join('', map { "server { listen 127.0.0.1:%%PORT0%%; "
                     . "server_name mta-sts.d$_.example; }\n" } 1 .. 50)
    . "}\n");

done_testing();
