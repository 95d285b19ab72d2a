package MtaSts::Mariadb;

# What MtaSts::Database knows of MariaDB.

use strict;
use warnings;

our @ISA = qw(MtaSts::Database);


sub user { return 'mysql' }
sub signal { return 'TERM' }

# the database that is there from the beginning

sub first { return 'mysql' }


sub create {
    my ($self) = @_;

    return ('mariadb-install-db', '--no-defaults', '--skip-test-db',
            '--skip-log-bin', "--datadir=$self->{dir}/data",
            '--auth-root-authentication-method=normal');
}


sub server {
    my ($self) = @_;

    return ('/usr/sbin/mariadbd', '--no-defaults',
            "--datadir=$self->{dir}/data", "--socket=$self->{dir}/socket",
            "--port=$self->{port}", "--bind-address=$self->{address}",
            "--pid-file=$self->{dir}/pid", '--skip-name-resolve',
            '--performance-schema=OFF', '--innodb-buffer-pool-size=32M',
            '--innodb-flush-log-at-trx-commit=2',
            map { "--$_" } @{ $self->{conf} });
}


sub prepare {
    return "CREATE USER follow IDENTIFIED BY 'secret';\n"
        . "CREATE DATABASE hosting CHARACTER SET utf8mb4;\n";
}


# What runs SQL from its standard input, and stops at an error.

sub client {
    my ($self, $db) = @_;

    return ('mariadb', '--no-defaults', '-N', '-B', '--unbuffered', '-u',
            'root', "--socket=$self->{dir}/socket", $db);
}


1;
