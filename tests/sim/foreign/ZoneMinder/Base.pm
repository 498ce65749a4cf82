# Stands in for ZoneMinder's base, so that its control modules run without its database.
package ZoneMinder::Base;
1;
