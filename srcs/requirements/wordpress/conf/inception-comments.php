<?php
/**
 * Plugin Name: Inception comments
 * Description: Lets whoever is signed in comment at once, where a stranger's first comment waits for approval.
 */

defined( 'ABSPATH' ) || exit;

// The rule is the option comment_previously_approved.
add_filter(
	'pre_comment_approved',
	static function ( $approved, array $comment ) {
		if ( 0 !== $approved || empty( $comment['user_id'] ) ) {
			return $approved;
		}
		// Again, without that rule: all others hold for everybody (links, words, approval of every comment).
		add_filter( 'pre_option_comment_previously_approved', '__return_zero' );
		$passes = check_comment(
			$comment['comment_author'],
			$comment['comment_author_email'],
			$comment['comment_author_url'],
			$comment['comment_content'],
			$comment['comment_author_IP'],
			$comment['comment_agent'],
			$comment['comment_type']
		);
		remove_filter( 'pre_option_comment_previously_approved', '__return_zero' );
		return $passes ? 1 : 0;
	},
	10,
	2
);
