#!/usr/bin/perl

# mta-sts import --from-conf: which server of a name answers, as nginx chooses
# it, what keeps senders from its policy or changes it, and what the module
# serves already.

use strict;
use warnings;

use lib 't/lib';
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use MtaSts;
use Test::More;

my $URI = '/.well-known/mta-sts.txt';
my $dir = tempdir(CLEANUP => 1);
chmod 0755, $dir;


sub policy {
    my ($n, $end) = @_;
    return join $end // '\n', 'version: STSv1', 'mode: testing',
        'mx: mx.example.com', "max_age: $n", '';
}


# The max_age of what is imported, by domain, and what is said.

sub imported {
    my ($conf, @args) = @_;
    spew("$dir/import.conf", $conf);
    my ($status, $out, $err) = helper('import', '--from-conf',
                                      "$dir/import.conf", @args);
    my %got;
    spew("$dir/import.yaml", $out);

    for my $domain ($out =~ /^  (\S+\.example):/mg) {
        my (undef, $body) = helper('policy', '-d', "$dir/import.yaml", $domain);
        ($got{$domain}) = $body =~ /^max_age: (\d+)/m;
    }

    return (\%got, $err, $status);
}


sub server {
    my ($listen, $names, $inside) = @_;
    my $lines = join '', map { " listen $_;" } ref $listen ? @$listen : $listen;
    return "server {$lines server_name $names; $inside }\n";
}


sub answer { return "return 200 '" . policy($_[0]) . "';" }


# One location that does or does not reach senders, as nginx has it

{
    make_path("$dir/root/.well-known", "$dir/up");
    spew("$dir/root$URI", policy(300_000, "\n"));
    symlink "$dir/root/.well-known", "$dir/up/.well-known";

    my $root = "root $dir/root;";
    my $up = "root $dir/up;";
    my $text = answer(300_000);

    # inside, whether senders see the policy, and what is said if they do not

    my @cases = (
        ["location = $URI { internal; alias $dir/root$URI; }", 0, '"internal"'],
        ["location / { internal; location /.well-known/ { $root } }", 0, '"internal"'],
        ["$text location = $URI { internal; }", 1],
        ["location /x { internal; } $root", 1],
        ["$root deny 0.0.0.0/0;", 0, '"deny 0.0.0.0/0" keeps'],
        ["$root allow 0.0.0.0/0; deny all;", 1],
        ["$root deny 192.0.2.0/24;", 1],
        ["location / { $root limit_except POST { deny all; } }", 0, '"deny all" keeps'],
        ["location / { $root allow all; limit_except POST { deny all; } }", 0,
         '"deny all" keeps'],
        ["location / { $root deny all; limit_except POST { allow all; } }", 1],
        ["location / { $root limit_except GET { deny all; } }", 1],
        ["location / { $root limit_except POST PUT { auth_basic x; "
         . "auth_basic_user_file /none; } }", 0, '"auth_basic x" keeps'],
        ["location / { limit_except GET { deny all; } $text }", 1],
        ["location / { limit_except POST { deny all; } $text }", 0],
        ["location / { limit_except POST { allow all; } $text }", 0],
        ["location / { limit_except POST { allow all; } proxy_pass "
         . "http://127.0.0.1:1; $root }", 0, '"proxy_pass" answers'],
        ["$up disable_symlinks on;", 0, '"disable_symlinks" is not followed'],
        ["$root disable_symlinks on;", 1],
        ["$up disable_symlinks on; location / { disable_symlinks off; }", 1],
        ["$root ssi on;", 1],
        ["$root ssi on; ssi_types text/plain; location / { ssi off; }", 1],
    );

    my $i = 0;
    my @servers = map { server('127.0.0.1:%%PORT0%%',
                               'mta-sts.c' . ++$i . '.example', $_->[0]) } @cases;
    my $http = 'default_type text/plain; root /nonexistent; '
             . join '', @servers;
    my $nginx = MtaSts->new($http);
    $nginx->start;

    my ($got, $err) = imported('http { ' . $nginx->expand($http) . '}');

    for my $i (1 .. @cases) {
        my ($inside, $sees, $said) = @{ $cases[$i - 1] };
        my ($head, $body) = split_response($nginx->get(0, "mta-sts.c$i.example"));
        my $served = $head =~ m{^HTTP/1.1 200 } ? $body =~ /^max_age: (\d+)/m : ();
        is($served ? 1 : 0, $sees, "nginx: $inside");
        is($got->{"c$i.example"} ? 1 : 0, $sees, '... import, too');
        like($err, qr/ c$i\.example: not imported: \Q$said\E/, '... with the reason')
            if $said;
    }

    $nginx->stop;
}


# What changes an answer: only a request shows it

for (
    ["sub_filter a b; sub_filter_types *;", '"sub_filter"'],
    ["sub_filter a b; location / { sub_filter_types text/plain; ROOT }", '"sub_filter"'],
    ["add_after_body /x; addition_types text/plain;", '"add_after_body"'],
    ["ssi on; ssi_types *;", '"ssi"'],
    ['body_filter_by_lua_block { ngx.arg[1] = "" }', '"body_filter_by_lua_block"'],
    ['access_by_lua_file /x.lua;', '"access_by_lua_file"'],
    ["js_body_filter x.y;", '"js_body_filter"'],
    ["add_header content-type text/html;", '"add_header"'],
    ["add_header X-Content-Type text/html;", undef],
    ["sub_filter a b;", undef],
    ["sub_filter a b; sub_filter_types text/css;", undef],
) {
    my ($inside, $said) = @$_;
    $inside =~ s/ROOT/answer(3)/e or $inside .= answer(3);
    my ($got, $err) = imported(server('443 ssl', 'mta-sts.a.example', $inside));
    is($got->{'a.example'}, defined $said ? undef : 3, $inside);
    like($err, qr/not imported: \Q$said\E may change the answer, so only a request shows/,
         '... says so') if defined $said;
}


# "if", where TLS is known

for my $if ('$scheme = http', '$scheme != https', '$scheme != "https" ', '$https = ""',
            '$https != on') {
    my $inside = "if ($if) { return 301 https://\$host\$request_uri; } " . answer(3);
    my ($got, $err) = imported(server([80, '443 ssl'], 'mta-sts.a.example', $inside));
    is($got->{'a.example'}, 3, "if ($if), with TLS") or diag $err;
    ($got, $err) = imported(server([80], 'mta-sts.a.example', $inside));
    like($err, qr/an "if" may answer/, '... and without');
}

{
    my ($got, $err) = imported(server('443 ssl', 'mta-sts.a.example',
                                      "if (\$scheme = https) { return 404; } " . answer(3)));
    like($err, qr/an "if" may answer/, 'if ($scheme = https)');
}


# Several servers of a name: on each address the one that nginx chooses

for (
    ['the first of two on an address, with a redirect', { }, qr/"return 301" is no policy/,
     server(443, 'NAME', 'return 301 https://x/;') . server(443, 'NAME', answer(3))],
    ['the first of two on an address, with the policy', { a => 3 }, undef,
     server('443 ssl', 'NAME', answer(3)) . server('*:443 ssl', 'NAME', 'return 404;')],
    ['with TLS, not the other one', { a => 3 }, undef,
     server(80, 'NAME', 'return 301 https://x/;') . server([80, '443 ssl'], 'NAME', answer(3))],
    ['"ssl" of an address', { a => 3 }, undef,
     server('443 ssl', '_', 'return 404;') . server(443, 'NAME', answer(3))
     . server(80, 'NAME', answer(4))],
    ['"ssl on" of http', { a => 3 }, undef,
     'ssl on; ' . server(443, 'NAME', answer(3))],
    ['another address fails', { a => 3 },
     qr/import\.conf:2:\d+: a\.example: imported as it is, but another server .* "return 404"/,
     server('192.0.2.1:443 ssl', 'NAME', answer(3))
     . server('192.0.2.2:443 ssl', 'NAME', 'return 404;')],
    ['another address is the module\'s', { a => 3 }, qr/fails: the module serves/,
     server('192.0.2.1:443 ssl', 'NAME', answer(3))
     . server('192.0.2.2:443 ssl', 'NAME', 'mta_sts_mx mx.example.com;')],
    ['a more specific name is another server', { a => 3 }, qr/is for any number/,
     server('443 ssl', '*.a.example', answer(4)) . server('443 ssl', 'NAME', answer(3))],
    ['an invalid name', { }, qr/server name "\*x" is invalid/,
     server('443 ssl', 'NAME *x', answer(3))],
) {
    my ($what, $want, $said, $conf) = @$_;
    my ($got, $err) = imported('http { ' . $conf =~ s/NAME/mta-sts.a.example/gr . '}');
    is_deeply($got, { map { ("$_.example" => $want->{$_}) } keys %$want }, $what) or diag $err;
    defined $said ? like($err, $said, '... said') : unlike($err, qr/fails/, '... nothing is said');
}


# Each kind of name, and hosts that it may match: as nginx has it.  A name is of
# its own label, so that it has no part in the choice of another host.

{
    my @names = ('mta-sts.N.example', 'MTA-STS.N.Example', 'mta-sts.N.example.', 'N.example',
                 '.mta-sts.N.example', '.N.example', '.N.example.', '*.N.example',
                 '*.mta-sts.N.example', 'mta-sts.N.*', 'mta-sts.N.example.*', 'N.*',
                 '.mta-sts.N.*', '~^mta-sts\.N\.', '~N\.Example$', '~N\.example$');
    my @domains = ('N.example', 'x.N.example', 'xN.example', 'N.example.com', 'Nx.example', 'N');

    my $label = sub { return $_[0] =~ s/N/"n$_[1]n"/er };
    my $http = server('127.0.0.1:%%PORT0%% default_server', '_', 'return 404;')
             . join '', map { server('127.0.0.1:%%PORT0%%', $label->($names[$_], $_),
                                     answer(300_000 + $_)) } 0 .. $#names;
    my $nginx = MtaSts->new("default_type text/plain; $http");
    $nginx->start;

    for my $i (0 .. $#names) {
        my (%want, %all);

        for my $domain (map { $label->($_, $i) } @domains) {
            my ($age) = $nginx->get(0, "mta-sts.$domain") =~ /^max_age: (\d+)/m;
            $want{$domain} = $age if $age;
            $all{$domain} = 1;
        }

        spew("$dir/names.conf", 'http { ' . $nginx->expand($http) . '}');
        my (undef, $out) = helper('import', '--from-conf', "$dir/names.conf", sort keys %all);
        my %got = map { $_ => 300_000 + $i } $out =~ /^  (\S+):(?= .*\bnames\.conf:\d+)/mg;
        is_deeply(\%got, \%want, "$names[$i] is for " . (join ' ', sort keys %want) =~ tr/0-9//dr)
            or diag $out;
    }

    $nginx->stop;
}


# Domains that are named: also those of wildcards and regexes

{
    my $conf = server('443 ssl', '*.wild.example', answer(3))
             . server('443 ssl', 'mta-sts.*', answer(4))
             . server('443 ssl', '~^mta-sts\.r\d', answer(5))
             . server('443 ssl', '.dot.example', answer(6))
             . server('443 ssl default_server', '_', answer(7));
    my ($got, $err, $status) = imported("http { $conf }", map { "$_.example" }
                                        qw(a.wild r1 dot b.dot));
    is_deeply($got, { 'a.wild.example' => 3, 'r1.example' => 4, 'dot.example' => 6,
                      'b.dot.example' => 6 }, 'wildcards, regexes and domains that are named')
        or diag $err;
    is($status, 0, '... without a fault');

    $conf =~ s/mta-sts\.\*/mta-sts.x/;
    ($got, $err) = imported("http { $conf }", 'r1.example', 'other.example');
    is_deeply($got, { 'r1.example' => 5 }, '... a regex');
    like($err, qr/other\.example: not imported: .*has no policy of it/,
         '... but not what only a default server answers');
}


# What the module serves is not imported, and what it would without "off" is

{
    my $hand = server('443 ssl', 'mta-sts.a.example', answer(3));
    my $off = server('443 ssl', 'mta-sts.b.example', 'mta_sts off; ' . answer(4));
    my $mx = 'mta_sts_mx mx.example.com;';

    for (["$mx $hand $off", { 'b.example' => 4 }, 'mx of http'],
         ["$hand $off $mx", { 'b.example' => 4 }, '... after its servers'],
         ["mta_sts_mode none; $hand $off", { 'b.example' => 4 }, 'mode none of http'],
         ["mta_sts_mode enforce; $hand $off", { 'a.example' => 3, 'b.example' => 4 },
          'another mode alone'],
         ["mta_sts off; $mx $hand $off", { 'a.example' => 3, 'b.example' => 4 }, 'off in http'],
         [$off =~ s/off;/off; $mx/r, { 'b.example' => 4 }, 'off, and an mx'],
         ["mta_sts off; " . $hand =~ s/return/mta_sts on; $mx return/r . $off,
          { 'b.example' => 4 }, 'on in a server'])
    {
        my ($got, $err) = imported("http { $_->[0] }");
        is_deeply($got, $_->[1], $_->[2]) or diag $err;
    }

    my ($got, $err, $status) = imported("http { $mx $hand }", 'a.example');
    is($status, 1, 'a domain of the module that is named');
    like($err, qr/a\.example: not imported: the module serves/, '... is refused');
}

done_testing();
