<?php
/**
 * The content that is measured, the same in every stack: ten posts, one of them with thirty comments.
 * Fed to `php` in the container of WordPress, as www-data. Prints where things are, as JSON.
 */
$_SERVER['HTTPS']          = 'on';
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['REQUEST_URI']    = '/';
$_SERVER['HTTP_HOST']      = getenv( 'DOMAIN_NAME' );
require '/var/www/html/wp-load.php';

$options = array(
	'blogname'                    => 'Inception',
	'permalink_structure'         => '/%year%/%monthnum%/%day%/%postname%/',
	'comment_moderation'          => '0',
	'comment_previously_approved' => '0',
	'comments_notify'             => '0',
	'moderation_notify'           => '0',
	'default_pingback_flag'       => '0',
	'default_ping_status'         => 'closed',
	'posts_per_page'              => '10',
);
foreach ( $options as $name => $value ) {
	update_option( $name, $value );
}
$GLOBALS['wp_rewrite']->init();
flush_rewrite_rules( false );

$sentence  = 'A visitor reads this sentence, and the next one, while the machine below it does its work in silence. ';
$paragraph = "<!-- wp:paragraph -->\n<p>" . str_repeat( $sentence, 6 ) . "</p>\n<!-- /wp:paragraph -->\n";
$last      = 0;
for ( $number = 1; $number <= 10; $number++ ) {
	$last = wp_insert_post(
		array(
			'post_title'     => "Measured post $number",
			'post_name'      => "measured-$number",
			'post_content'   => str_repeat( $paragraph, 4 ),
			'post_status'    => 'publish',
			'post_author'    => 1,
			'post_date'      => sprintf( '2026-01-%02d 12:00:00', $number ),
			'comment_status' => 'open',
		),
		true
	);
	if ( is_wp_error( $last ) ) {
		fwrite( STDERR, $last->get_error_message() . "\n" );
		exit( 1 );
	}
}
for ( $number = 1; $number <= 30; $number++ ) {
	wp_insert_comment(
		array(
			'comment_post_ID'      => $last,
			'comment_author'       => 'Visitor ' . ( $number % 3 ),
			'comment_author_email' => 'visitor' . ( $number % 3 ) . '@example.org',
			'comment_content'      => "Comment $number. $sentence",
			'comment_approved'     => 1,
			'comment_date'         => sprintf( '2026-02-01 12:%02d:00', $number ),
			'comment_date_gmt'     => sprintf( '2026-02-01 12:%02d:00', $number ),
		)
	);
}
wp_update_comment_count_now( $last );
echo wp_json_encode(
	array(
		'post'      => wp_make_link_relative( get_permalink( $last ) ),
		'wordpress' => $GLOBALS['wp_version'],
		'php'       => PHP_VERSION,
		'theme'     => get_stylesheet(),
	)
), "\n";
