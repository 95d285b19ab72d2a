#!/usr/bin/perl

# The policy generator as people use it: a real Chromium (Debian's) and a real
# nginx, driven by t/browser/generator.js.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Browser;
use Test::More;

my $nginx = MtaSts->new(<<'EOC');
server {
    listen       127.0.0.1:%%PORT0%%;
    server_name  mta-sts.example.com;
    location = / { mta_sts_generator; }
    location = /elsewhere { return 200 "elsewhere\n"; }
    location = /favicon.ico { access_log %%DIR%%/logs/icon.log; return 204; }
}
EOC

$nginx->start;


# What mta-sts generate prints for the same fields, which the page must show.

sub expected {
    my (%fields) = @_;
    my @mx = split ' ', $fields{mx};
    my ($rc, $out) = helper('generate', '--mode', $fields{mode},
        '--max-age', $fields{max_age_other} || $fields{max_age},
        (map { ('--mx', $_) } @mx),
        ($fields{tlsrpt_rua} ? ('--tlsrpt-rua', $fields{tlsrpt_rua}) : ()), $fields{domain});
    is($rc, 0, "mta-sts generate $fields{domain}, $fields{mode}");

    my ($policy, $server) = $out =~ m{
        ^\#\ Policy,[^\n]*\n\n (.*) \n \#\ DNS\ records, .*
        ^\#\ nginx\ server\ block:\n\n (.*) \z
    }xms;
    my %values = $out =~ /^    Host   (\S+)\n    Value  (.*)$/mg;

    return { fields => \%fields, policy => $policy, server => $server,
             sts => $values{'_mta-sts'}, tlsrpt => $values{'_smtp._tls'} };
}

my @cases = (
    expected(domain => 'testing.example', mode => 'testing',
             mx => "mx1.testing.example\n*.mx.testing.example",
             max_age => '86400', max_age_other => '',
             tlsrpt_rua => 'mailto:tls-reports@testing.example'),
    expected(domain => 'enforce.example', mode => 'enforce',
             mx => 'mail.enforce.example', max_age => '31557600',
             max_age_other => '',
             tlsrpt_rua => 'https://enforce.example/?a=b&c=%2C;d'),
    expected(domain => 'none.example', mode => 'none',
             mx => 'mail.none.example', max_age => 'other',
             max_age_other => '2w', tlsrpt_rua => ''),
);

my %errors = (
    domain  => ['exa_mple.com'],
    mx      => ["mx.example.com\n192.0.2.1"],
    max_age => ['one day'],
    tlsrpt_rua => ['ftp://example.com/'],
);

(undef, undef, $errors{domain}[1]) = helper('generate', 'exa_mple.com');
(undef, undef, $errors{mx}[1]) = helper('generate', '--mx', '192.0.2.1',
                                        'a.example');
(undef, undef, $errors{max_age}[1]) = helper('generate', '--max-age',
                                             'one day', 'a.example');
(undef, undef, $errors{tlsrpt_rua}[1]) = helper('generate', '--tlsrpt-rua',
                                                'ftp://example.com/',
                                                'a.example');
$_->[1] =~ s/^mta-sts: (.*)\n\z/$1/ for values %errors;

# with the labels of the fields

$errors{mx}[1] =~ s/\bmx\b/mail server/;
$errors{max_age}[1] =~ s/max_age/lifetime/;
$errors{tlsrpt_rua}[1] =~ s/tlsrpt_rua/report address/;


browse('generator', base => 'http://127.0.0.1:' . $nginx->port(0) . '/',
       cases => \@cases, errors => \%errors);

$nginx->stop;

done_testing();
