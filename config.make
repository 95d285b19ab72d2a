# Appended to nginx's Makefile: the files of the generator's page as C.

cat << END >> $NGX_MAKEFILE

$NGX_OBJS/ngx_http_mta_sts_files.h:	$mta_sts_files $mta_sts_embed
	sh $mta_sts_embed $mta_sts_files > $NGX_OBJS/ngx_http_mta_sts_files.tmp
	mv $NGX_OBJS/ngx_http_mta_sts_files.tmp \\
		$NGX_OBJS/ngx_http_mta_sts_files.h

END
