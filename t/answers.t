#!/usr/bin/perl

# Who answers for a domain: nginx -t and the helper give one answer, in the same
# words and at the same servers, and what the helper prints is what nginx sends.
# Each case is one that went unnoticed before.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use Test::More;

my $cert = tempdir(CLEANUP => 1);

make_cert($cert, 'one', 'a.example');

my $tls = "ssl_certificate $cert/one.pem; ssl_certificate_key $cert/one.key;";
my $file = "policies:\n  p: { mode: enforce, mx: mx.p.example }\n"
    . "domains:\n  a.example: p\n  b.example: p\n";
my $none = 'which has no policy for it';
my $other = 'which has another policy for it';
my $chooses = sub {
    my ($domain, $line, $what, $address) = @_;
    return "for domain \"$domain\" nginx chooses the server at "
        . "%%DIR%%/nginx.conf:$line on "
        . ($address // '127.0.0.1:%%PORT0%%') . ", $what";
};


# Each: why, http's inside from line 2 on, the warnings of nginx -t with their
# lines, what the helper refuses, and what it does not.

my @cases = (
    ['a leading wildcard beats that of the file, with an inherited policy', <<'EOC',
mta_sts_mx other.example;
server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.*; mta_sts_domains d.yaml; }
server { listen 127.0.0.1:%%PORT0%%; server_name *.a.example; }
EOC
     [3 => $chooses->('a.example', 4, $other)], ['a.example'], ['b.example']],

    ['... and without one', <<'EOC',
server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.*; mta_sts_domains d.yaml; }
server { listen 127.0.0.1:%%PORT0%%; server_name .a.example; }
EOC
     [2 => $chooses->('a.example', 3, $none)], ['a.example'], ['b.example']],

    ['an exact name with mta_sts off next to the file', <<'EOC',
mta_sts_mx other.example;
server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.*; mta_sts_domains d.yaml; }
server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.b.example; mta_sts off; }
EOC
     [3 => $chooses->('b.example', 4, $none)], ['b.example'], ['a.example']],

    ['an exact name twice, the first server without a policy', <<'EOC',
server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.a.example; }
server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.a.example; mta_sts_mx mx.p.example; }
EOC
     [3 => $chooses->('a.example', 2, $none)], ['a.example'], []],

    ['a domain of the file that no server name covers', <<'EOC',
server { listen 127.0.0.1:%%PORT0%%; server_name www.example; }
server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.a.example; mta_sts_domains d.yaml; }
EOC
     [3 => $chooses->('b.example', 2, $none)], ['b.example'], ['a.example']],

    ['... but the default server is that of the file', <<'EOC',
server { listen 127.0.0.1:%%PORT0%%; server_name www.example; }
server { listen 127.0.0.1:%%PORT0%% default_server; server_name mta-sts.a.example; mta_sts_domains d.yaml; }
EOC
     [], [], ['a.example', 'b.example']],

    ['the first of two regex names', <<'EOC',
server { listen 127.0.0.1:%%PORT0%%; server_name ~^mta-sts\.[A-B]\.; }
server { listen 127.0.0.1:%%PORT0%%; server_name ~^mta-sts\.b\.; mta_sts_mx mx.p.example; }
server { listen 127.0.0.1:%%PORT0%%; server_name ~^mta-sts\.[b-c]\.; mta_sts_mx mx.c.example; }
EOC
     [], ['b.example'], ['c.example']],

    ['a more specific address', <<'EOC',
server { listen %%PORT0%%; server_name mta-sts.a.example; mta_sts_mx mx.p.example; mta_sts on; }
server { listen 127.0.0.1:%%PORT0%%; server_name shop.example; }
EOC
     [2 => $chooses->('a.example', 3, $none, '127.0.0.1:%%PORT0%%')], [], []],

    ['a server on another address is nothing', <<'EOC',
server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.a.example; mta_sts_mx mx.p.example; }
server { listen 127.0.0.1:%%PORT1%%; server_name shop.example; }
EOC
     [], [], ['a.example']],

    ['two policies of http and of two servers', <<'EOC',
mta_sts_mx other.example;
server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.a.example; }
server { listen 127.0.0.1:%%PORT1%%; server_name mta-sts.a.example; mta_sts_mode enforce; }
EOC
     [3 => 'for domain "a.example" the server at %%DIR%%/nginx.conf:4 has another '
      . 'policy'], ['a.example'], []],

    ['a policy without TLS, which a proxy may add', <<'EOC',
server { listen %%PORT0%%; server_name mta-sts.a.example; mta_sts_mx mx.p.example; }
server { listen %%PORT0%%; server_name mta-sts.b.example; mta_sts_mx mx.p.example; mta_sts on; }
EOC
     [2 => 'senders fetch policies with TLS, but no "listen" of this server has '
      . '"ssl"; "mta_sts on" says that a proxy adds it'], [],
     ['a.example', 'b.example']],

    ['a policy without TLS, next to the same with TLS', <<"EOC",
$tls mta_sts_mx mx.p.example;
server { listen %%PORT0%%; server_name mta-sts.a.example; return 301 https://\$host\$uri; }
server { listen %%PORT1%% ssl; server_name mta-sts.a.example; }
EOC
     [], [], []],

    ['a handshake that is rejected', <<"EOC",
server { listen 127.0.0.1:%%PORT0%% ssl; ssl_reject_handshake on; server_name mta-sts.a.example; mta_sts_mx mx.p.example; }
EOC
     [2 => 'senders cannot fetch a policy from this server, '
      . '"ssl_reject_handshake" is on'], [], []],

    ['a certificate of the client', <<"EOC",
$tls ssl_client_certificate $cert/ca.pem;
server { listen 127.0.0.1:%%PORT0%% ssl; ssl_verify_client on; server_name mta-sts.a.example; mta_sts_mx mx.p.example; }
EOC
     [3 => 'senders cannot fetch a policy from this server, "ssl_verify_client" is '
      . 'on'], [], []],
);

for my $case (@cases) {
    my ($why, $http, $warnings, $refused, $served) = @$case;

    subtest $why => sub {
        my $nginx = MtaSts->new($http, 'd.yaml' => $file);
        my $conf = $nginx->dir . '/nginx.conf';
        my ($status, $said) = $nginx->test;
        my ($line, $text) = map { $nginx->expand($_) } @$warnings;
        my @said = grep { !/conflicting server name/ }
            $said =~ /\[warn\] (?:\d+#\d+: )?(.*)/g;

        is($status, 0, 'nginx accepts it') or diag($said);
        is(join("\n", @said), defined $text ? "$text in $conf:$line" : '',
           '... and warns');

        $nginx->start if @$served || @$refused;

        for my $domain (@$refused) {
            my ($rc, $out, $err) = helper('records', '-c', $conf, $domain);
            is($rc, 1, "$domain is refused");
            is($out, '', '... no record');
            like($err, qr/^mta-sts: \Q$conf\E:\d+:\d+: for domain "\Q$domain\E"/m,
                 '... and says why');
            like($err, qr/^mta-sts: \Q$conf\E:$line:\d+: \Q$text\E$/m,
                 "... in nginx's words") if defined $text;

            like((helper('list', '-c', $conf))[1],
                 qr/^\Q$domain\E\ .*\ refused\ .*for\ domain\ "\Q$domain\E"/mx,
                 '... as does list') if defined $text;
        }

        for my $domain (@$served) {
            my ($rc, $policy, $err) = helper('policy', '-c', $conf, $domain);
            is($rc, 0, "$domain has a policy") or diag($err);
            is((split_response($nginx->get(0, "mta-sts.$domain")))[1], $policy,
               '... that nginx sends') if $http !~ /b\.example; mta_sts_mx.* on;/
               || $domain eq 'a.example';
        }

        if (defined $text && !@$refused) {
            my $err = (helper('list', '-c', $conf))[2];
            like($err, qr/^mta-sts: \Q$conf\E:$line:\d+: warning: \Q$text\E$/m,
                 'the helper warns of the same');
        }

        $nginx->stop if @$served || @$refused;
    };
}


# A wildcard or regex name makes a policy that of the hosts that it matches, and
# of no others, also where the server is the default one.

for my $case (['*.corp.example', 'a.corp.example', 'corp.example'],
              ['mta-sts.corp.*', 'corp.example', 'corp.test'],
              ['.corp.example', 'a.corp.example', 'corp.example'],
              ['~^mta-sts\.app\d+\.corp\.example$', 'app1.corp.example'],
              ['~^app\d+\.corp\.example$'], ['www.*'])
{
    my ($name, @domains) = @$case;

    subtest "$name answers for no other host" => sub {
        my $nginx = MtaSts->new("mta_sts_mx mx.corp.example; server { listen "
            . "127.0.0.1:%%PORT0%%; server_name $name; return 404; }");
        my $conf = $nginx->dir . '/nginx.conf';

        $nginx->start;

        for my $domain (@domains) {
            my ($rc, $policy) = helper('policy', '-c', $conf, $domain);
            is($rc, 0, "$domain has a policy");
            is((split_response($nginx->get(0, "mta-sts.$domain")))[1], $policy,
               '... that nginx sends');
        }

        for my $domain (qw(other.net acorp.example app1.corp.test)) {
            like($nginx->get(0, "mta-sts.$domain"), qr{^HTTP/1\.1 404 },
                 "nginx has none for $domain");
            is((helper('records', '-c', $conf, $domain))[0], 1,
               '... nor has the helper');
        }

        $nginx->stop;
    };
}


# The same for the default of a domains file; its domains are served wherever
# nginx chooses the server.

subtest 'a default answers for no other host' => sub {
    my $nginx = MtaSts->new('server { listen 127.0.0.1:%%PORT0%%; server_name '
        . 'mta-sts.c.example *.d.example; mta_sts_domains d.yaml; return 404; }',
        'd.yaml' => "${file}default: p\n");
    my $conf = $nginx->dir . '/nginx.conf';

    $nginx->start;

    for my $case (['a.example', 1], ['c.example', 1], ['x.d.example', 1],
                  ['e.example', 0])
    {
        my ($domain, $served) = @$case;
        my ($rc, $policy) = helper('policy', '-c', $conf, $domain);
        my $answer = $nginx->get(0, "mta-sts.$domain");

        is($rc, 1 - $served, "$domain: the helper");
        is((split_response($answer))[1], $policy, '... and nginx') if $served;
        like($answer, qr{^HTTP/1\.1 404 }, '... and nginx') if !$served;
    }

    $nginx->stop;
};


# Names of addresses as nginx reads them, and what is one address.

subtest 'addresses' => sub {
    my $conf = tempdir(CLEANUP => 1) . '/nginx.conf';

    for my $case (['443 ssl', '*:443', 1], ['443 ssl', '0.0.0.0:443', 1],
                  ['[::]:443 ssl', '[0::0]:443', 1], ['80', '', 1],
                  ['80', '*', 1], ['unix:/a', 'unix:/a', 1],
                  ['127.0.0.1:443', 'localhost:443', 1],
                  ['8080-8090', '*:8085', 1], ['443 ssl', '[::]:443', 0],
                  ['443 ssl', '443 quic', 0], ['443 ssl', '8443', 0],
                  ['[::1]', '[::1]:80', 1], ['unix:/a', 'unix:/b', 0])
    {
        my ($first, $second, $same) = @$case;
        my $listen = $second eq '' ? '' : "listen $second;";

        spew($conf, "http { server { $listen server_name www.example; }\n"
             . "server { listen $first; server_name ~^x; mta_sts_domains d.yaml; "
             . '} }');
        spew($conf =~ s/nginx\.conf/d.yaml/r, $file);

        my $out = (helper('list', '-c', $conf))[1];
        is($out =~ /refused/ ? 1 : 0, $same, "$first and " . ($second || 'none'));
    }
};


# nginx -T

subtest 'marks of nginx -T' => sub {
    my $server = "http { server { listen 443 ssl; server_name mta-sts.a.example; "
        . "mta_sts_mx mx.a.example; }\n%s\n}\n";
    my $mark = "# configuration file";

    for my $case (["$mark for the second shop:", 3,
                   '"for the second shop" is not absolute, so this is no mark of '
                   . 'nginx -T'],
                  ["}\n$mark /gone.conf:", 4, 'nothing includes "/gone.conf", so this '
                   . 'is no mark of nginx -T'],
                  ["include /b.conf; }\n$mark /b.conf:\n\n$mark /b.conf:", 6,
                   '"/b.conf" came before in line 4, so this is no mark of nginx '
                   . '-T'],
                  ["include /b.conf; }\n$mark /b.conf:\nmta_sts_mx a.b;\n", 0, ''],
                  ["types { include /b.conf; } }\n$mark /b.conf:\na b;\n", 0, ''],
                  ["x { include /b.conf; } }\n$mark /b.conf:\na b;\n", 0, ''])
    {
        my ($text, $line, $error) = @$case;
        my $dump = "$mark /etc/nginx.conf:\n" . sprintf $server, $text;
        $dump =~ s/\n\}\n\z// if $text =~ /\}/;
        my ($rc, $out, $err) = helper(\$dump, 'records', '-c', '-');

        is($err, $line ? "mta-sts: stdin:$line:1: $error\n" : '', $error || $text);
        is($rc, $line ? 1 : 0, '... and its status');
    }
};


# What the helper does not need, and what it cannot read.

subtest 'files' => sub {
    my $dir = tempdir(CLEANUP => 1);
    my $server = 'server { listen 443 ssl; server_name mta-sts.a.example; '
        . 'mta_sts_mx mx.a.example; }';

    for my $block ('geo $g { include geo*.txt; }',
                   'split_clients $uri $s { 10% a; include gone; }',
                   'charset_map koi8-r utf-8 { include gone; }')
    {
        spew("$dir/nginx.conf", "http { $block $server }");
        is((helper('list', '--hosts', '-c', "$dir/nginx.conf"))[1],
           "mta-sts.a.example\n", $block);
    }

    # a configuration in the root folder

    my $name = "/mta-sts-$$.conf";

    if ($> == 0) {
        spew($name, 'http { server { listen 443 ssl; server_name mta-sts.*; '
             . 'mta_sts_domains d.yaml; } }');
        spew("$dir/d.yaml", $file);
        is((helper('list', '--hosts', '-p', $dir, '-c', $name))[1],
           "mta-sts.a.example\nmta-sts.b.example\n", 'below -p, as nginx has it');
        unlink $name;
    }

    # a folder that only root can read

    my @user = $> == 0 ? qw(setpriv --reuid=65534 --regid=65534 --clear-groups) : ();

    mkdir "$dir/priv";
    chmod 0755, $dir;
    chmod $> == 0 ? 0700 : 0, "$dir/priv";

    for my $line ('include priv/*.conf;',
                  'server { listen 443 ssl; server_name mta-sts.*; '
                  . 'mta_sts_domains priv/*.yaml; }')
    {
        spew("$dir/nginx.conf", "http {\n$line }");
        my ($rc, $out, $err) = run('', @user, "$MtaSts::BUILD/mta-sts", 'list',
                                   '-c', "$dir/nginx.conf");
        is($rc, 1, "$line of another user");
        like($err, qr/^mta-sts:\ \Q$dir\E\/nginx\.conf:2:\d+:
             \ open\(\)\ "\Q$dir\E\/priv\/"\ failed\ \(13:/x, '... names it');
    }

    chmod 0700, "$dir/priv";
};


# Two servers with the same bytes and id: the setting that differs is named.

{
    my $nginx = MtaSts->new(<<'EOC');
mta_sts_mx mx.p.example;
server { listen %%PORT0%%; server_name mta-sts.a.example; mta_sts_tlsrpt_rua mailto:a@a.example; mta_sts on; }
server { listen %%PORT1%%; server_name mta-sts.a.example; mta_sts_tlsrpt_rua mailto:b@a.example; mta_sts on; }
EOC
    my $text = 'for domain "a.example" the server at ' . $nginx->dir
               . '/nginx.conf:4 has another tlsrpt_rua';
    like(($nginx->test)[1], qr/\[warn\].*\Q$text\E in /, 'nginx -t: a report address alone');
    like((helper('records', '-c', $nginx->dir . '/nginx.conf'))[2], qr/\Q$text\E$/m,
         '... and records');
}

done_testing();
