#!/usr/bin/perl

# What people write by mistake gets an answer that helps, the same one from nginx,
# from the helper for its configuration, from a domains file and from options.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Parity;
use Test::More;

my $nginx = MtaSts->new('');
my ($dir, $yaml) = ($nginx->dir, $nginx->dir . '/d.yaml');


# The texts of errors or warnings, without places: of nginx -t, of the helper
# with the same nginx.conf, of both with a domains file, and of options.

sub by_directive {
    my ($level, $lines) = @_;

    $nginx->conf("server { listen 127.0.0.1:%%PORT0%% ssl; "
                 . "server_name mta-sts.a.example;\n"
                 . "ssl_certificate c.pem; ssl_certificate_key c.key;\n"
                 . "$lines\n}");

    return (texts($level, ($nginx->test)[1]),
            texts($level, (helper('list', '-c', "$dir/nginx.conf"))[2]));
}


sub by_file {
    my ($level, $text) = @_;

    spew($yaml, $text);
    $nginx->conf('server { listen 127.0.0.1:%%PORT0%% ssl; '
                 . 'server_name mta-sts.*; ssl_certificate c.pem; '
                 . 'ssl_certificate_key c.key; mta_sts_domains d.yaml; }');

    return (texts($level, ($nginx->test)[1]),
            texts($level, (helper('list', '-d', $yaml))[2]));
}


sub by_options {
    my ($level, @options) = @_;
    return texts($level, (helper('generate', @options, 'a.example'))[2]);
}


sub texts {
    my ($level, $said) = @_;
    my @texts;

    for (split /\n/, $said) {
        if (/\[(\w+)\] (?:\d+#\d+: )?(.*?)(?: in \S+:\d+(?::\d+)?)?$/) {
            push @texts, $2 if $1 eq $level;

        } elsif (/^mta-sts: (?:\S+?:\d+:(?:\d+:)? )?(warning: )?(.*)$/) {
            push @texts, $2 if $level eq ($1 ? 'warn' : 'emerg');
        }
    }

    return join ' | ', @texts;
}


make_cert($dir, 'c', 'mta-sts.a.example');


# Settings: name, values, the text, and its level.

my $preference = 'must be a host name, without the preference of an MX record';

for my $case (
    ['mx', ['10', 'mail.example.com'], "invalid mx \"10\", $preference"],
    ['mx', ['10 mail.example.com'],
     "invalid mx \"10 mail.example.com\", $preference"],
    ['mx', ['.example.com'], 'invalid mx ".example.com", the hosts below a '
     . 'domain are "*.example.com"'],
    ['mx', ['*'], 'invalid mx "*", "*" must be followed by "." and a host name'],
    ['mx', ['https://example.com'],
     'invalid mx "https://example.com", must be a host name, not a URL'],
    ['mx', ['mail.example.com:25'],
     'invalid mx "mail.example.com:25", must be a host name without a port'],
    ['mx', ['xn--a.example'], 'invalid mx "xn--a.example", a label that begins '
     . 'with "xn--" must be an A-label'],
    ['tlsrpt_rua', ['mailto://a@example.com'], 'invalid tlsrpt_rua '
     . '"mailto://a@example.com", "mailto:" must be followed by an e-mail '
     . 'address, without "//"'],
    ['tlsrpt_rua', ['mailto:a@example.com, mailto:b@example.com'],
     'invalid tlsrpt_rua "mailto:a@example.com, mailto:b@example.com", must be '
     . 'one URI, not a list'],
    ['tlsrpt_rua', ['https://a.example:99999/'], 'invalid tlsrpt_rua '
     . '"https://a.example:99999/", must have a port number after ":"'],
    ['tlsrpt_rua', ['tls@example.com'], 'invalid tlsrpt_rua "tls@example.com", '
     . 'must be a URI: "mailto:tls@example.com"'],

    ['mx', ['mail'], 'mx "mail" has one label, must be the full name of the '
     . 'mail server', 'warn'],
    ['mx', ['localhost'], 'mx "localhost" has one label, must be the full name '
     . 'of the mail server', 'warn'],
    ['mx', ['*.com'], 'mx "*.com" accepts each domain below "com" as a mail '
     . 'server', 'warn'],
    ['mx', ['mta-sts.example.com'], 'mx "mta-sts.example.com" looks like the '
     . 'host of the policy, must be that of the mail server', 'warn'],
    ['mx', ['mx.example.com', '*.mx.example.co.uk', 'xn--bcher-kva.example'], '',
     'warn'],
) {
    my ($setting, $values, $text, $level) = @$case;
    my $mx = $setting eq 'mx' ? '' : 'mx.example.com';
    (my $option = "--$setting") =~ tr/_/-/;

    $level //= 'emerg';
    my @got = (
        by_directive($level, "mta_sts_$setting "
                     . join(' ', map { "\"$_\"" } @$values) . ';'
                     . ($mx && " mta_sts_mx $mx;")),
        by_file($level, ($mx && "mx: $mx\n") . "$setting: ["
                . join(', ', map { "'$_'" } @$values)
                . "]\ndomains: {a.example: {}}\n"),
        by_options($level, $mx ? ('--mx', $mx) : (),
                   map { ($option, $_) } @$values),
    );

    is("$got[$_]", $text, "$setting @$values: " . (qw(nginx helper nginx+file
       helper+file options))[$_]) for 0 .. $#got;
}


# A public suffix: only the helper knows these.

my $suffix = 'mx "*.co.uk" accepts each domain below "co.uk" as a mail server';

my @public = (by_directive('warn', 'mta_sts_mx *.co.uk mx.example.co.uk;'),
              by_file('warn', "mx: '*.co.uk'\ndomains: {a.example: {}}\n"),
              by_options('warn', '--mx', '*.co.uk'));

is($public[$_], $_ == 0 || $_ == 2 ? '' : $suffix, "*.co.uk: $_") for 0 .. 4;

is($_, '', 'a wildcard below a suffix is none')
    for by_file('warn', "mx: ['*.example.co.uk', '*.mail.protection.outlook.com']"
                . "\ndomains: {a.example: {}}\n");


# A policy host instead of the domain.

my $host = 'domain "mta-sts.a.example" looks like the policy host of "a.example"';

is($_, $host, 'a policy host as a domain in a file')
    for by_file('warn', "mx: mx.example.com\n"
                . "domains: {mta-sts.a.example: {}}\n");

is(texts('warn', (helper('generate', '--mx', 'mx.example.com',
                         'mta-sts.a.example'))[2]), $host, '... in options');

is($_, 'invalid domain "https://a.example", must be a host name, not a URL',
   'a URL as a domain') for by_file('emerg', "mx: mx.example.com\n"
                            . "domains: {'https://a.example': {}}\n");


# The scheme of a report URI is printed in lower case.

spew($yaml, "mx: mx.example.com\ntlsrpt_rua: MAILTO:A\@b.example\n"
     . "domains: {a.example: {}}\n");
like((helper('records', '-d', $yaml))[1], qr/rua=mailto:A\@b\.example"/,
     'MAILTO: becomes mailto:');


# A mark of nginx -T in a domains file: refused with file and line.

my $mark = "mx: mx.example.com\n# configuration file /etc/nginx/nginx.conf:\n"
    . "domains: {a.example: {}}\n";

like($_, qr/^this line is like one that nginx -T prints/,
     'a mark of nginx -T is refused') for by_file('emerg', $mark);
like((helper('list', '-d', $yaml))[2], qr/^mta-sts: \Q$yaml\E:2:1: /,
     '... with its place');

(my $harmless = $mark) =~ s/nginx\.conf:/nginx.conf/;
is($_, '', 'a comment without the colon is not')
    for by_file('emerg', $harmless);


# One megabyte of domains that change one setting of a policy of 31 KB.

spew($yaml, "policies:\n  big: {mx: ["
     . join(', ', map { "mx$_.example.com" } 1 .. 1400)
     . "]}\ndomains:\n" . join('', map {
         "  d$_.example: {policy: big, max_age: " . (86_400 + $_) . "}\n"
     } 1 .. 20_000));

my $many = qr/^too many different policies, of more than \d+ MB in all$/;

like(texts('emerg', (helper('list', '-d', $yaml))[2]), $many,
     'many different large policies');
like(texts('emerg', ($nginx->test)[1]), $many, '... in nginx');

done_testing();
