#!/usr/bin/perl

# Memory may run out anywhere in the helper, in our code and in the libraries:
# each time the command ends with an error that says so, prints nothing, and
# gives all back.  Where a library goes on without, the output is what it is
# otherwise.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Fault;
use Test::More;

my $dir = tempdir(CLEANUP => 1);

mkdir "$dir/$_" for qw(conf.d out);

# includes, Lua, and all that a server can have of ours

spew("$dir/nginx.conf", <<'EOC');
http {
    mta_sts_max_age 2w;
    mta_sts_tlsrpt_rua mailto:a@reports.example https://reports.example/;
    include conf.d/*.conf;
    init_by_lua_block { local s = "}" --[[ } ]] }
    server {
        server_name mta-sts.a.example mta-sts.xn--bcher-kva.example ~^mta-sts\.;
        mta_sts_mode enforce;
        mta_sts_mx mx.a.example *.mx.example;
        mta_sts_mx mail.a.example;
    }
    server {
        server_name mta-sts.*;
        mta_sts_domains yaml/*.yaml;
    }
}
EOC

spew("$dir/conf.d/$_.conf", <<"EOC") for qw(b c);
server {
    server_name mta-sts.$_.example;
    mta_sts_mx mx.$_.example;
    location / { content_by_lua_block { ngx.say("{") } }
}
EOC

mkdir "$dir/yaml";

spew("$dir/yaml/$_", $MtaSts::Fault::YAML{$_}) for keys %MtaSts::Fault::YAML;
spew("$dir/few.yaml", "mx: mx.example\ndomains:\n  a.example: {}\n"
     . "  b.example: { tlsrpt_rua: mailto:x\@b.example }\n");

my @conf = ('-c', "$dir/nginx.conf");
my @few = ('-d', "$dir/few.yaml");


# What a run must come to.

my $NO_MEMORY = qr/out\ of\ memory
                  | SHA-256\ failed\ in\ libcrypto
                  | open\(\)\ "[^"]+"\ failed\ \(12:\ Cannot\ allocate\ memory\)/x;

sub judge {
    my ($run, $whole) = @_;

    if ($run->{status} == $whole->{status}) {
        return $run->{out} eq $whole->{out} && $run->{err} eq $whole->{err}
               ? undef : 'not what it is otherwise';
    }

    return "status $run->{status}" if $run->{status} != 1;
    return 'said nothing of memory' if $run->{err} !~ /^mta-sts: $NO_MEMORY$/m;

    # records go out one by one, and what is out is right

    return 'printed something else'
        if $run->{out} ne substr $whole->{out}, 0, length $run->{out};
    return;
}

sub memory {
    my ($args, %opt) = @_;
    my @args = map { s/^\Q$dir\E\///r } @$args;
    MtaSts::Fault->new(command => ["$MtaSts::BUILD/t/fault/mta-sts", @$args],
                       skip => 'crypto', judge => \&judge, %opt)
        ->exhaust("@args");
}


memory(['list', @conf]);
memory(['list', @conf, '--hosts']);
memory(['list', '-c', '-'], in => "# configuration file /a/nginx.conf:\n"
       . "http { include b*.conf; }\n\n# configuration file /a/b.conf:\n"
       . slurp("$dir/conf.d/b.conf"));
memory(['policy', @conf, 'bücher.example']);
memory(['policy', @conf, 'other.example']);
memory(['records', @conf]);
memory(['records', @conf, 'd.example', 'a.example', 'x.example']);
memory(['records', '-d', 'few.yaml', '-p', $dir, '--zone', 'example',
        '--zone', 'b.example', '--policy-host', '192.0.2.1',
        '--policy-host', '2001:db8::1']);

memory(['records', @few, '-f', $_])
    for qw(nsupdate powerdns dnscontrol external-dns json text);
memory(['records', @few, '-f', 'octodns', '--zone', 'example']);
memory(['records', @few, '-f', 'terraform', '--provider', $_])
    for qw(route53 cloudflare);
memory(['records', @few, '--delegate', 'provider.example', @$_])
    for [], ['--customer'];

memory(['generate', 'a.example', '--mx', '*.mx.example', '--mode', 'enforce',
        '--max-age', '2w', '--tlsrpt-rua', 'mailto:x@a.example']);


# What is refused: for the same reason, which without memory to look for it has no
# column, or for want of memory.

for my $yaml ("mx: a.b\ndomains:\n  x.example: {}\n  y.example: {}\n  x.example: {}\n",
              "mx: a.b\ndomains:\n  x.example: {}\n  b..c: {}\n",
              "policies:\n  p: { mx: 'a b' }\ndomains: {}\n",
              "nmx: a.b\ndomains: {}\n", "domains: [\n",
              "domains:\n  x.example: nobody\n", "domains: &a {}\n")
{
    spew("$dir/bad.yaml", $yaml);
    memory(['list', '-d', "$dir/bad.yaml"], status => 1, judge => sub {
        my ($run, $whole) = @_;
        my $place = $whole->{err} =~ s/bad\.yaml:\d+\K:\d+//r;

        return if $run->{status} == 1 && $run->{out} eq ''
            && ($run->{err} eq $whole->{err} || $run->{err} eq $place
                || $run->{err} =~ /^mta-sts: out of memory$/m);
        return 'another error';
    });
}


# Files are whole or not there.

for my $format (qw(zone octodns)) {
    my $out = "$dir/out";
    my $expected;

    my $look = sub {
        my %found = map { s{.*/}{}r => slurp($_) } glob "$out/* $out/.mta-sts*";
        unlink map { "$out/$_" } keys %found;
        return \%found;
    };

    $look->();

    memory(['records', @few, '-f', $format, '-o', $out], judge => sub {
        my ($run, $whole) = @_;
        my $found = $look->();

        $expected //= do {
            run('', "$MtaSts::BUILD/mta-sts", 'records', @few, '-f', $format,
                '-o', $out);
            $look->();
        };

        for (sort keys %$found) {
            return "$_ is left, or not whole"
                if $found->{$_} ne ($expected->{$_} // '');
        }

        return 'a file is missing'
            if $run->{status} == 0 && keys %$found != keys %$expected;
        return judge($run, $whole);
    });
}


# SHA-256, which OpenSSL fetches with thousands of allocations; when one fails it
# leaks others itself.

memory(['generate', 'a.example', '--mx', 'mx.example'], skip => '',
       every => 10, leaks => 0, asan => 'detect_leaks=0');


# --help and --version make none of ours, and may have none.

memory([$_], judge => sub {
    my ($run, $whole) = @_;
    return if $run->{out} eq $whole->{out} && $run->{status} == 0;
    return "status $run->{status}";
}) for qw(--help --version);

done_testing();
